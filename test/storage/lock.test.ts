import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import type { StoreChildOptions } from '../support/store-child.ts';
import { openStore, temporaryDirectory } from './testing.ts';

/** Starts a process with a store. @returns it, and the first line that it tells. */
async function child(options: StoreChildOptions): Promise<[ChildProcess, string]> {
  const process = spawn('node', ['dist-test/test/support/store-child.js', JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void process.kill('SIGKILL'));
  const [line] = await once(createInterface(process.stdout!), 'line');
  return [process, line];
}

test('a second process is refused at once, with the number of the first; killing that one lets it in', async () => {
  const directory = temporaryDirectory();
  const [holder, line] = await child({ directory });
  expect(line).toBe('ready 0');
  const start = performance.now();
  await expect(openStore(directory).load()).rejects.toMatchObject({
    code: 'ERR_STORAGE_LOCKED',
    message: `${directory} is in use by process ${holder.pid}. Stop that one first, or give this bridge a directory of its own (extensions::file_storage::directory).`,
  });
  expect(performance.now() - start).toBeLessThan(500);

  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const store = openStore(directory);
  await store.load();
  const [, refused] = await child({ directory });
  expect(refused).toContain(`refused ERR_STORAGE_LOCKED ${directory} is in use by process ${process.pid}.`);
});

test('of several that start at once on a new directory exactly one wins', async () => {
  const directory = temporaryDirectory();
  const lines = (await Promise.all(Array.from({ length: 6 }, () => child({ directory })))).map(([, line]) =>
    line.split(' ', 2).join(' '),
  );
  expect(lines.sort()).toEqual(['ready 0', ...Array(5).fill('refused ERR_STORAGE_LOCKED')]);
});

test('the same process is refused too, and let in after the first store was closed', async () => {
  const directory = temporaryDirectory();
  const first = openStore(directory);
  await first.load();
  await expect(openStore(directory).load()).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
  await first.close();
  await openStore(directory).load();
});
