import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import { PidLock } from '../../../src/log/embedded/pid-lock.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { LogChild } from '../../support/log-child-process.ts';
import { openLog, silent, temporaryDirectory } from './testing.ts';

const common = { clock: { now: () => 1_700_000_000_000, monotonic: () => 0 }, logger: silent };

test('a second process is refused at once, with the number of the first; killing that one lets it in', async () => {
  const directory = temporaryDirectory();
  const holder = new LogChild({ directory });
  expect(await holder.firstLine()).toBe('ready 0');
  await expect(openLog(directory).load()).rejects.toMatchObject({
    code: 'ERR_STORAGE_LOCKED',
    message: `${directory} is in use by process ${holder.process.pid}. Stop that one first, or give this bridge a directory of its own (extensions::file_storage::directory).`,
  });

  holder.process.kill('SIGKILL');
  await once(holder.process, 'exit');
  const log = openLog(directory);
  await log.load();
  expect(await new LogChild({ directory }).firstLine()).toContain(
    `refused ERR_STORAGE_LOCKED ${directory} is in use by process ${process.pid}.`,
  );
});

test('of several that start at once on a new directory exactly one wins', async () => {
  const directory = temporaryDirectory();
  const children = Array.from({ length: 6 }, () => new LogChild({ directory }));
  const lines = await Promise.all(children.map(async (child) => (await child.firstLine()).split(' ', 2).join(' ')));
  expect(lines.sort()).toEqual(['ready 0', ...Array(5).fill('refused ERR_STORAGE_LOCKED')]);
});

test('the same process is refused too, and let in after the first log was closed', async () => {
  const directory = temporaryDirectory();
  const first = openLog(directory);
  await first.load();
  await expect(openLog(directory).load()).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
  await first.close();
  await openLog(directory).load();
});

test('a lock that cannot be made is no lock of another', async () => {
  const directory = join(temporaryDirectory(), 'gone');
  await expect(new PidLock().acquire(directory, 'option')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('what is claimed is kept from others before it is opened, and let go of without having been', async () => {
  const directory = temporaryDirectory();
  const engine = () => new EmbeddedEngine({ directory, health: new Health(), ...common });
  const first = engine();
  await first.claim();
  await expect(engine().claim()).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
  await expect(openLog(directory).load()).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
  await first.open();
  await first.close();
  const second = engine();
  const runner = new LogRunner({ engine: second, ...common });
  await second.claim();
  await runner.close();
  await openLog(directory).load();
});

test('a second process is kept out though the file of the lock was deleted', async () => {
  const directory = temporaryDirectory();
  const holder = new LogChild({ directory });
  expect(await holder.firstLine()).toBe('ready 0');
  rmSync(join(directory, 'lock'));
  const message = `${directory} is in use by another process, whose lock file was deleted. Stop that one first, or give this bridge a directory of its own (extensions::file_storage::directory).`;
  await expect(openLog(directory).load()).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED', message });
  // Again: the file that the refused one made is there now.
  await expect(openLog(directory).load()).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED', message });
  holder.process.kill('SIGKILL');
  await once(holder.process, 'exit');
  await openLog(directory).load();
});

test('where the kernel has no lock, a file with the number of the process keeps a second one out', async () => {
  const directory = temporaryDirectory();
  const first = openLog(directory, { lock: new PidLock() });
  await first.load();
  await expect(openLog(directory, { lock: new PidLock() }).load()).rejects.toMatchObject({
    code: 'ERR_STORAGE_LOCKED',
    message: expect.stringContaining(`is in use by process ${process.pid}`),
  });
  await first.close();
  // Of a process that is gone, and of an earlier one with our number, as in a container.
  for (const pid of [2 ** 22 + 1, process.pid]) {
    writeFileSync(join(directory, 'lock'), `${pid}\n`);
    const next = openLog(directory, { lock: new PidLock() });
    await next.load();
    await next.close();
  }
});
