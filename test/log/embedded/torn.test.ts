import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { bytes, ListFold } from '../folds.ts';
import { copyDirectory, openLog, temporaryDirectory } from './testing.ts';

const segment = (directory: string) => join(directory, '0000000000000001.log');

/** As a process that was killed leaves it, a moment after its last commit. */
async function killed(...texts: string[]): Promise<{ directory: string; ends: number[] }> {
  const directory = join(temporaryDirectory(), 'state');
  const log = openLog(directory);
  log.attach('list', new ListFold());
  await log.load();
  const ends: number[] = [];
  for (const text of texts) {
    await log.topic('list').append(bytes(text));
    ends.push(log.extents.at(-1)!.bytes);
  }
  const left = copyDirectory(directory);
  rmSync(join(left, 'position'), { force: true });
  return { directory: left, ends };
}

async function reopened(directory: string) {
  const lines: string[] = [];
  const log = openLog(directory, {
    logger: pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) }),
  });
  const fold = new ListFold();
  log.attach('list', fold);
  await log.load();
  return { log, fold, lines };
}

test('a commit that had not come to its end is cut off, wherever it was torn, and the log goes on from there', async () => {
  const { directory, ends } = await killed('one', 'two', 'three'.repeat(100));
  const whole = readFileSync(segment(directory));
  for (let length = ends[1]! + 1; length < ends[2]!; length += 7) {
    // The file ends there, or the zeros go on that it was written over.
    const torn = length % 2 === 0 ? whole.subarray(0, length) : Buffer.from(whole).fill(0, length);
    writeFileSync(segment(directory), torn);
    const { log, fold, lines } = await reopened(directory);
    expect(fold.records).toEqual(['one', 'two']);
    expect(lines).toEqual([
      `Cut ${torn.length - ends[1]!} bytes of a commit that had not come to its end off ${segment(directory)}`,
    ]);
    await log.topic('list').append(bytes('four'));
    await log.close(AbortSignal.abort());
    const next = await reopened(directory);
    expect(next.fold.records).toEqual(['one', 'two', 'four']);
    await next.log.close(AbortSignal.abort());
    rmSync(join(directory, 'position'), { force: true });
  }
});

test('so are zeros and rubbish behind the last commit', async () => {
  for (const rest of [Buffer.alloc(5000), Buffer.from('COL0'.repeat(500)), Buffer.of(1)]) {
    const { directory } = await killed('one', 'two');
    appendFileSync(segment(directory), rest);
    const { fold, log } = await reopened(directory);
    expect(fold.records).toEqual(['one', 'two']);
    await log.close(AbortSignal.abort());
  }
});

test('a whole commit behind rubbish is damage, and nothing is cut: also where the rubbish is one byte', async () => {
  const { directory, ends } = await killed('one', 'two', 'three');
  const whole = readFileSync(segment(directory));
  for (const length of [1, 2, 40]) {
    const rubbish = Buffer.alloc(length, 1);
    writeFileSync(segment(directory), Buffer.concat([whole.subarray(0, ends[1]), rubbish, whole.subarray(ends[1])]));
    await expect(reopened(directory)).rejects.toThrow('the checksum of record 3 does not match');
  }
  expect(readFileSync(segment(directory)).length).toBe(whole.length + 40);
});

test('how far a log had come is known from its start on, though nothing is appended', async () => {
  const { directory, ends } = await killed('one', 'two');
  await (await reopened(directory)).log.close(AbortSignal.abort());
  truncateSync(segment(directory), ends[0]!);
  await expect(reopened(directory)).rejects.toThrow('ends with record 1, and record 2 was written');
});

test('a log that lost whole commits behind the mark is refused, torn or not', async () => {
  const directory = join(temporaryDirectory(), 'state');
  const log = openLog(directory);
  log.attach('list', new ListFold());
  await log.load();
  const ends: number[] = [];
  for (const text of ['one', 'two', 'three']) {
    await log.topic('list').append(bytes(text));
    ends.push(log.extents.at(-1)!.bytes);
  }
  await log.close(AbortSignal.abort());
  truncateSync(segment(directory), ends[1]!);
  await expect(reopened(directory)).rejects.toThrow(
    `is damaged: it is cut short: it has ${ends[1]} bytes and ends with record 2, and record 3 was written.`,
  );
  truncateSync(segment(directory), ends[1]! - 1);
  await expect(reopened(directory)).rejects.toThrow('the checksum of record 2 does not match');
});

test.each([
  [4096, 64 * 1024],
  [4100, 4100],
])('behind a segment’s head, a commit of %i bytes makes the file %i bytes longer', async (frame, longer) => {
  const { directory, ends } = await killed('x'.repeat(frame - 44 - 8 - 'list'.length));
  expect(ends[0]).toBe(64 + frame);
  expect(statSync(segment(directory)).size).toBe(64 + longer);
});

test('zeros are written ahead of small commits, are no torn commit, are written over after a kill, and go at the end', async () => {
  const { directory, ends } = await killed('one', 'two', 'three');
  const { size } = statSync(segment(directory));
  expect(size).toBeGreaterThan(ends[2]! + 10_000);
  const { log, fold, lines } = await reopened(directory);
  expect([fold.records, lines]).toEqual([['one', 'two', 'three'], []]);
  await log.topic('list').append(bytes('four'));
  expect(statSync(segment(directory)).size).toBe(size);
  await log.close(AbortSignal.abort());
  expect(statSync(segment(directory)).size).toBe(log.extents.at(-1)!.bytes);
  expect((await reopened(directory)).fold.records).toEqual(['one', 'two', 'three', 'four']);
});
