import { expect, test } from 'vitest';
import { temporaryDirectory } from '../log/embedded/testing.ts';
import { LogChild } from './log-child-process.ts';

test.each([false, true])('a process with a log ends when whoever started it is gone (at work: %s)', async (work) => {
  const child = new LogChild({ directory: temporaryDirectory(), work });
  expect(await child.firstLine()).toBe('ready 0');
  child.process.stdin!.end();
  await child.gone();
  expect(child.process.signalCode).toBeNull();
});
