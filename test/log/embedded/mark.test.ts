import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemDisk } from '../../../src/log/embedded/disk.ts';
import { Mark } from '../../../src/log/embedded/mark.ts';
import { temporaryDirectory } from './testing.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('it follows the log a moment later, again and again, and at the end at once', async () => {
  const directory = temporaryDirectory();
  const mark = new Mark(systemDisk, directory);
  const read = () => new Mark(systemDisk, directory).read();
  let at = 1;
  mark.move(() => at);
  expect(read()).toBe(0);
  at = 5;
  vi.advanceTimersByTime(100);
  await vi.waitFor(() => expect(read()).toBe(5), { interval: 1 });
  at = 9;
  mark.move(() => at);
  vi.advanceTimersByTime(100);
  await vi.waitFor(() => expect(read()).toBe(9), { interval: 1 });
  at = 12;
  await mark.close();
  expect(read()).toBe(12);
});

test('of a log with nothing in it none is left, and what is no mark says nothing', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'position');
  await new Mark(systemDisk, directory).close();
  expect(() => readFileSync(path)).toThrow('ENOENT');
  const mark = new Mark(systemDisk, directory);
  mark.move(() => 3);
  await mark.close();
  const whole = readFileSync(path);
  expect(mark.read()).toBe(3);
  for (const at of whole.keys()) {
    const other = Buffer.from(whole);
    other[at]! ^= 1;
    writeFileSync(path, other);
    expect(mark.read()).toBe(0);
  }
  for (const other of [whole.subarray(0, 11), Buffer.concat([whole, Buffer.of(0)])]) {
    writeFileSync(path, other);
    expect(mark.read()).toBe(0);
  }
});
