import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { bytes, DigestFold, ListFold } from '../folds.ts';
import { openLog, temporaryDirectory } from './testing.ts';

const HOUR = 3_600_000;
let mono: number;
let wall: number;
const clock = { now: () => wall, monotonic: () => mono };

beforeEach(() => {
  mono = 0;
  wall = 1_700_000_000_000;
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function pass(ms: number): void {
  mono += ms;
  wall += ms;
  vi.advanceTimersByTime(60_000);
}

/** Files of a directory that hold some text. */
function holding(directory: string, text: string): string[] {
  return readdirSync(directory).filter((name) => readFileSync(join(directory, name)).includes(text));
}

async function opened(directory: string, fold: DigestFold | ListFold = new DigestFold()) {
  const log = openLog(directory, { clock, maxAge: 24 * HOUR, wipe: true });
  log.attach('list', fold);
  await log.load();
  return { log, list: log.topic('list') };
}

it('lets go of entries before they are so old, and of nothing sooner', async () => {
  const directory = temporaryDirectory();
  const { list } = await opened(directory);
  await list.append(bytes('old-secret'));
  pass(20 * HOUR);
  await list.append(bytes('young-secret'));
  expect(holding(directory, 'old-secret')).toHaveLength(1);
  pass(3 * HOUR);
  await vi.waitFor(() => expect(holding(directory, 'old-secret')).toEqual([]));
  expect(holding(directory, 'young-secret')).toEqual([]);
  await list.append(bytes('next-secret'));
  pass(20 * HOUR);
  expect(holding(directory, 'next-secret')).toHaveLength(1);
});

it('counts the time that the bridge was away', async () => {
  const directory = temporaryDirectory();
  const first = await opened(directory);
  await first.list.append(bytes('old-secret'));
  await first.log.close(AbortSignal.abort());
  pass(23 * HOUR);
  await opened(directory);
  await vi.waitFor(() => expect(holding(directory, 'old-secret')).toEqual([]));
});

it('is not misled by a clock that was set back or ahead', async () => {
  const directory = temporaryDirectory();
  const { list } = await opened(directory);
  await list.append(bytes('old-secret'));
  wall += 1000 * HOUR;
  pass(HOUR);
  expect(holding(directory, 'old-secret')).toHaveLength(1);
  wall -= 2000 * HOUR;
  pass(21 * HOUR);
  await vi.waitFor(() => expect(holding(directory, 'old-secret')).toEqual([]));
});

it('leaves nothing of an older state in the room for the next snapshot', async () => {
  const directory = temporaryDirectory();
  // State that holds its records as text: what is gone from it must be gone from the files.
  const fold = new ListFold();
  const { list } = await opened(directory, fold);
  await list.append(bytes('state-secret'));
  pass(22 * HOUR);
  await vi.waitFor(() => expect(holding(directory, 'state-secret')).toEqual([expect.stringMatching(/snapshot$/)]));
  fold.records.length = 0;
  await list.append(bytes('other'));
  pass(22 * HOUR);
  await vi.waitFor(() => expect(holding(directory, 'state-secret')).toEqual([]));
});
