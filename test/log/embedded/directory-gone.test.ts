import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Health } from '../../../src/telemetry/health.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';
import { bytes, ListFold } from '../folds.ts';
import { openLog, temporaryDirectory } from './testing.ts';

async function running(directory: string) {
  const health = new Health();
  const log = openLog(directory, { health, retryInterval: 5 });
  const fold = new ListFold();
  log.attach('list', fold);
  await log.load();
  const append = (text: string) => log.topic('list').append(bytes(text));
  await append('before');
  return { log, fold, append, health };
}

const GONE = {
  code: 'ERR_STORAGE_COMMIT',
  message: expect.stringMatching(
    /its directory was deleted, replaced or unmounted\. Put it back, or restart the bridge/,
  ),
};

test('a directory that is deleted while the log is open: the next commit is refused, and health says so', async () => {
  const directory = join(temporaryDirectory(), 'state');
  const { append, fold, health } = await running(directory);
  rmSync(directory, { recursive: true });
  await expect(append('lost')).rejects.toMatchObject(GONE);
  expect(health.reasons).toEqual([{ source: 'storage', reason: GONE.message }]);
  await expect(append('again')).rejects.toMatchObject(GONE);
  expect(fold.records).toEqual(['before']);
});

test('one that is replaced by a copy of itself', async () => {
  const directory = join(temporaryDirectory(), 'state');
  const { append } = await running(directory);
  cpSync(directory, `${directory}-copy`, { recursive: true });
  renameSync(directory, `${directory}-old`);
  renameSync(`${directory}-copy`, directory);
  await expect(append('lost')).rejects.toMatchObject(GONE);
});

test('one that something is mounted over', async () => {
  const tmpfs = mountTmpfs('1m');
  if (!tmpfs) return;
  const directory = join(tmpfs.path, 'state');
  const { append, log } = await running(directory);
  tmpfs.unmount();
  await expect(append('lost')).rejects.toMatchObject(GONE);
  await log.close();
});

test('one that is put back: commits go on by themselves, and nothing that was refused is there', async () => {
  const directory = join(temporaryDirectory(), 'state');
  const { append, fold, health, log } = await running(directory);
  renameSync(directory, `${directory}-away`);
  mkdirSync(directory);
  await expect(append('refused')).rejects.toMatchObject(GONE);
  rmSync(directory, { recursive: true });
  renameSync(`${directory}-away`, directory);
  await vi.waitFor(() => expect(health.reasons).toEqual([]));
  await append('after');
  expect(fold.records).toEqual(['before', 'after']);
  await log.close(AbortSignal.abort());
  const again = new ListFold();
  const restarted = openLog(directory);
  restarted.attach('list', again);
  await restarted.load();
  expect(again.records).toEqual(['before', 'after']);
});
