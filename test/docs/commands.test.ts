import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';

const page = readFileSync('docs/operations.md', 'utf8');

test('docs/operations.md names every command that asks the bridge that runs, in the order of the help', () => {
  const section = /^## Ask the bridge that runs\n\n(.*?) ask it over a Unix socket/ms.exec(page)?.[1] ?? '';
  const named = Array.from(section.matchAll(/`([\w-]+)`/g), ([, name]) => name);
  const advice = 'its section "Ask the bridge that runs" begins with the commands that take --state, in this order';
  expect(named, advice).toEqual(
    commands.filter(({ usage }) => usage.includes('[--state DIR]')).map(({ name }) => name),
  );
});
