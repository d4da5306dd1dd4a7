import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LocalDirectory } from '../../../src/log/jetstream/local-directory.ts';
import { temporaryDirectory } from '../embedded/testing.ts';

const logger = { warn: () => {} };

it('a directory that cannot be had is told with the setting of jetstream_storage, not with that of file_storage', async () => {
  const path = temporaryDirectory();
  const first = new LocalDirectory(path, logger);
  await first.open();
  const locked = new LocalDirectory(path, logger).open();
  await expect(locked).rejects.toThrow('of its own (extensions::jetstream_storage::directory).');
  await first.close();
  const file = join(path, 'file');
  writeFileSync(file, '');
  const foreign = new LocalDirectory(file, logger).open();
  await expect(foreign).rejects.toThrow('does not exist yet (extensions::jetstream_storage::directory).');
});

const of = (logId: string) => ({ logId, instanceId: 'an instance', createdAt: 1 });

it('who a bridge is, and which log it has worked on, outlive it; a new one is somebody else', async () => {
  const path = join(temporaryDirectory(), 'state');
  const first = new LocalDirectory(path, logger);
  await first.open();
  const { instanceId } = first;
  expect([instanceId.length, first.logId]).toEqual([36, undefined]);
  await first.worksOn('a log');
  await first.close();
  await first.close();
  const second = new LocalDirectory(path, logger);
  await second.open();
  expect([second.instanceId, second.logId]).toEqual([instanceId, 'a log']);
  await second.become(of('another log'));
  await second.close();
  const third = new LocalDirectory(path, logger);
  await third.open();
  expect([third.instanceId, third.logId]).toEqual(['an instance', 'another log']);
  await third.close();
  const other = new LocalDirectory(temporaryDirectory(), logger);
  await other.open();
  expect(other.instanceId).not.toBe(instanceId);
  await other.close();
});

it('which process had the lease last outlives it, and needs no disk', async () => {
  const path = temporaryDirectory();
  const warnings: unknown[] = [];
  const first = new LocalDirectory(path, { warn: (...said: unknown[]) => void warnings.push(said[1]) } as never);
  await first.open();
  await first.worksOn('a log');
  expect(first.leaseRun).toBeUndefined();
  await first.hasLease('run 1');
  await first.close();
  const second = new LocalDirectory(path, logger);
  await second.open();
  expect([second.leaseRun, second.logId]).toEqual(['run 1', 'a log']);
  await second.close();
  rmSync(path, { recursive: true });
  await first.hasLease('run 2');
  expect(warnings).toEqual([expect.stringContaining('killed, this bridge will wait 10 s')]);
});

it.each(['', '{}', '{"instanceId": 1, "logId": "x"}', '{"instanceId": "x"}'])(
  'a file that does not say who it is is refused, and lets the directory go: %j',
  async (text) => {
    const path = temporaryDirectory();
    writeFileSync(join(path, 'bridge.json'), text);
    for (let turn = 0; turn < 2; turn++)
      await expect(new LocalDirectory(path, logger).open()).rejects.toMatchObject({ code: 'ERR_STORAGE_DAMAGED' });
  },
);

it('a directory with a log of file_storage is refused', async () => {
  const path = temporaryDirectory();
  writeFileSync(join(path, 'manifest.json'), '');
  await expect(new LocalDirectory(path, logger).open()).rejects.toMatchObject({ code: 'ERR_STORAGE_FOREIGN' });
});

/** Seen: /etc as directory by mistake was closed to everyone but root. */
it('a directory of somebody else is refused, and left as it is', async () => {
  const path = temporaryDirectory();
  chmodSync(path, 0o755);
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(path, name), '');
  await expect(new LocalDirectory(path, logger).open()).rejects.toThrow(
    `${path} is not empty and holds no store of the bridge, but a, b, c, …. Give the bridge an empty directory, or one that does not exist yet (extensions::jetstream_storage::directory).`,
  );
  expect([statSync(path).mode & 0o777, readdirSync(path)]).toEqual([0o755, ['a', 'b', 'c', 'd']]);
});

it.each([
  ['what file systems put there', ['lost+found']],
  ['what a first start left that was killed', ['lock', 'bridge.json.new']],
  ['what a bridge left whose lock was deleted', ['bridge.json', 'snapshot']],
])('a directory is taken with %s', async (_, names) => {
  const path = temporaryDirectory();
  for (const name of names) writeFileSync(join(path, name), '{"instanceId": "x", "logId": "y"}');
  const local = new LocalDirectory(path, logger);
  await local.open();
  await local.close();
});

it('the copy of a snapshot is given for its digest alone, as object stores write it, and is not needed', async () => {
  const path = temporaryDirectory();
  const warnings: unknown[] = [];
  const local = new LocalDirectory(path, { warn: (...told: unknown[]) => void warnings.push(told) });
  await local.open();
  const digestOf = (text: string) => `SHA-256=${createHash('sha256').update(text).digest('base64url')}=`;
  expect(local.cached(digestOf('x'))).toBeUndefined();
  for (const text of ['', '3', 'a1', 'x'.repeat(100_000)]) {
    await local.keep(Buffer.from(text));
    expect(Buffer.from(local.cached(digestOf(text))!).toString()).toBe(text);
    expect(local.cached(digestOf('other'))).toBeUndefined();
  }
  rmSync(path, { recursive: true });
  await local.keep(Buffer.from('lost'));
  expect(warnings).toHaveLength(1);
  await local.close();
});
