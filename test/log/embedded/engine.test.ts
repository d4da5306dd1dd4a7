import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import type { EmbeddedEngineOptions } from '../../../src/log/embedded/options.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { bytes } from '../folds.ts';
import { diskThatWrites, temporaryDirectory } from './testing.ts';

function engineOn(directory: string, options: Partial<EmbeddedEngineOptions> = {}) {
  const lines: string[] = [];
  const tell = (...told: unknown[]) => void lines.push(String(told.at(-1)));
  const logger = { info: tell, warn: tell, error: tell } as never;
  const health = new Health();
  const engine = new EmbeddedEngine({ directory, clock: systemClock, health, logger, ...options });
  onTestFinished(() => engine.close());
  return { engine, lines, health };
}

const ignored = { deliver: () => {} };
const never = new AbortController().signal;
const closed = { code: 'ERR_STORAGE_CLOSED' };

async function* state() {
  yield { kind: 0, bytes: bytes('state') };
}

test('whatever comes before the start and after the end is refused', async () => {
  const { engine } = engineOn(temporaryDirectory());
  expect(engine.extents).toEqual([]);
  expect(() => engine.identity).toThrow(expect.objectContaining(closed));
  expect(() => engine.read(1, never)).toThrow(expect.objectContaining(closed));
  await expect(engine.follow(1, ignored)).rejects.toMatchObject(closed);
  await expect(engine.append('list', bytes('x'))).rejects.toMatchObject(closed);
  await engine.open();
  await expect(engine.append('list', bytes('x'))).rejects.toMatchObject(closed);
  await expect(engine.cut(1)).rejects.toMatchObject(closed);
  await engine.follow(1, ignored);
  await engine.append('list', bytes('x'));
  await engine.close();
  await expect(engine.append('list', bytes('x'))).rejects.toMatchObject(closed);
  await expect(engine.rewrite(() => false)).rejects.toMatchObject(closed);
  await expect(engine.setNote(undefined)).rejects.toMatchObject(closed);
});

test('a log is not taken over into a directory that holds one, or a part of one', async () => {
  const identity = { logId: '11111111-2222-4333-8444-555555555555', instanceId: 'one', createdAt: 1 };
  const moved = { identity, first: 1, snapshot: undefined, entries: (async function* () {})() };
  const used = temporaryDirectory();
  const { engine } = engineOn(used);
  await engine.open();
  await engine.close();
  const part = temporaryDirectory();
  writeFileSync(join(part, '0000000000000007.snapshot'), '');
  for (const directory of [used, part]) {
    const before = readdirSync(directory).filter((name) => name !== 'lock');
    await expect(engineOn(directory).engine.adopt(moved)).rejects.toMatchObject({
      code: 'ERR_STORAGE_FOREIGN',
      message: expect.stringMatching(/ holds \S+ already, and a log is taken over into an empty one/),
    });
    expect(readdirSync(directory).filter((name) => name !== 'lock')).toEqual(before);
  }
  const empty = temporaryDirectory();
  await engineOn(empty).engine.adopt(moved);
  const { engine: next } = engineOn(empty);
  await next.open();
  expect(next.identity).toEqual(identity);
});

test('that it cannot be written is said once, and so is that it can be again', async () => {
  let isBroken = false;
  const faults = (point: string) => {
    if (isBroken && point === 'before-commit') throw new Error('EIO: i/o error, write');
  };
  const { engine, lines, health } = engineOn(temporaryDirectory(), { faults, retryInterval: 1 });
  await engine.open();
  await engine.follow(1, ignored);
  isBroken = true;
  for (const text of ['a', 'b']) await expect(engine.append('list', bytes(text))).rejects.toThrow('EIO');
  expect(health.reasons).toMatchObject([{ source: 'storage' }]);
  isBroken = false;
  await vi.waitFor(() => expect(health.reasons).toEqual([]));
  expect(lines).toEqual([
    'The store cannot be written: reports are refused, and their senders keep them',
    'The store can be written again',
  ]);
  expect(await engine.append('list', bytes('c'))).toBe(1);
});

test('zeros are written ahead once for many small commits, and again where they end', async () => {
  const sizes: number[] = [];
  const disk = diskThatWrites(({ file, mode, data, position }) => {
    if (mode === 'synced') sizes.push(data.length);
    return file.write(data, position);
  });
  const { engine } = engineOn(temporaryDirectory(), { disk });
  await engine.open();
  await engine.follow(1, ignored);
  // 4 KiB each with what frames them: sixteen fill the zeros to the last byte.
  for (let n = 0; n < 17; n++) await engine.append('list', bytes('x'.repeat(4096 - 56)));
  const [zeros, frame] = [64 * 1024, 4096];
  expect(sizes).toEqual([zeros, ...Array(16).fill(frame), zeros, frame]);
});

test.runIf(process.platform === 'linux')(
  'no file stays open, whatever was read, written, cut or overwritten',
  async () => {
    const directory = temporaryDirectory();
    // Of this log alone, deleted ones as well: what else the process has open comes and goes.
    const open = () =>
      readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory) ? [fd] : [];
        } catch {
          return []; // closed meanwhile
        }
      });
    const live = async () => {
      const { engine } = engineOn(directory);
      const { snapshot } = await engine.open();
      for (const _ of snapshot?.pieces ?? []);
      await engine.follow((snapshot?.position ?? 0) + 1, ignored);
      for (let n = 0; n < 3; n++) {
        await engine.append('list', bytes('secret'));
        await engine.seal();
      }
      const last = engine.extents.at(-1)!.first - 1;
      await engine.saveSnapshot(last, state());
      const reading = engine.read(last, never);
      for await (const _ of reading) break;
      expect(open()).not.toEqual([]);
      await engine.rewrite(({ record }) => record.fill(0x2d).length > 0);
      await engine.cut(last - 1);
      await engine.close();
    };
    for (let life = 0; life < 5; life++) await live();
    expect(open()).toEqual([]);
  },
);
