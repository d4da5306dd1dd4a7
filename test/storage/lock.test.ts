import { once } from 'node:events';
import { expect, test } from 'vitest';
import { StoreChild } from '../support/store-child-process.ts';
import { openStore, temporaryDirectory } from './testing.ts';

test('a second process is refused at once, with the number of the first; killing that one lets it in', async () => {
  const directory = temporaryDirectory();
  const holder = new StoreChild({ directory });
  expect(await holder.firstLine()).toBe('ready 0');
  await expect(openStore(directory).load()).rejects.toMatchObject({
    code: 'ERR_STORAGE_LOCKED',
    message: `${directory} is in use by process ${holder.process.pid}. Stop that one first, or give this bridge a directory of its own (extensions::file_storage::directory).`,
  });

  holder.process.kill('SIGKILL');
  await once(holder.process, 'exit');
  const store = openStore(directory);
  await store.load();
  expect(await new StoreChild({ directory }).firstLine()).toContain(
    `refused ERR_STORAGE_LOCKED ${directory} is in use by process ${process.pid}.`,
  );
});

test('of several that start at once on a new directory exactly one wins', async () => {
  const directory = temporaryDirectory();
  const children = Array.from({ length: 6 }, () => new StoreChild({ directory }));
  const lines = await Promise.all(children.map(async (child) => (await child.firstLine()).split(' ', 2).join(' ')));
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
