import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader } from '../../../src/log/embedded/frame-reader.ts';
import {
  entryBytes,
  FRAME_HEAD,
  hasFrame,
  type NewEntry,
  readEntries,
  resealFrame,
  writeFrame,
} from '../../../src/log/embedded/frames.ts';

const SALT = 0x1234_5678;
const EPOCH = '0123456789abcdef';

const entry = fc.record({
  topic: fc.constantFrom('ledger', 'couic/paris', 'é', ''),
  record: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array(1_200_000).fill(7))),
});
const commits = fc.array(fc.array(entry, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 });

const text = (position: number, time: number, topic: string, record: Uint8Array): string =>
  `${position} ${time} ${topic} ${record.length < 100 ? Buffer.from(record).toString('latin1') : crc32(record)}`;

/** A file of frames, of which the first begins somewhere in it; where each ends, and what their entries are. */
function fileOf(all: readonly (readonly NewEntry[])[], from: number): { file: Buffer; ends: number[]; told: string[] } {
  let next = 100;
  const parts: Buffer[] = [Buffer.alloc(from)];
  const ends: number[] = [];
  const told: string[] = [];
  for (const entries of all) {
    const into = Buffer.alloc(FRAME_HEAD + entries.reduce((sum, each) => sum + entryBytes(each), 0), 0xff);
    const time = next * 10;
    expect(writeFrame(into, SALT, { first: next, time, epoch: EPOCH }, entries)).toBe(into.length);
    parts.push(into);
    ends.push((ends.at(-1) ?? from) + into.length);
    for (const { topic, record } of entries) told.push(text(next++, time, topic, record));
  }
  return { file: Buffer.concat(parts), ends, told };
}

/** What a reader makes of a file that comes in pieces. */
function read(file: Buffer, from: number, piece: number): { told: string[]; end: number; how: 'more' | 'broken' } {
  const reader = new FrameReader(SALT, from);
  const told: string[] = [];
  for (;;) {
    const frame = reader.take();
    if (frame === 'broken') return { told, end: reader.offset, how: frame };
    if (frame !== 'more') {
      for (const { position, time, epoch, topic, record } of readEntries(frame.bytes, frame.at, frame.head)) {
        if (epoch !== EPOCH) throw new Error(`epoch ${epoch}`);
        told.push(text(position, time, topic, record));
      }
      continue;
    }
    const { into, position } = reader.room();
    const bytes = file.subarray(position, position + Math.min(piece, into.length));
    if (bytes.length === 0) return { told, end: reader.offset, how: frame };
    into.set(bytes);
    reader.filled(bytes.length);
  }
}

test('frames are read as they were written, in pieces of whatever length', () => {
  fc.assert(
    fc.property(
      commits,
      fc.integer({ min: 0, max: 99 }),
      fc.integer({ min: 1, max: 3_000_000 }),
      (all, from, piece) => {
        const { file, told } = fileOf(all, from);
        expect(read(file, from, Math.max(piece, Math.ceil(file.length / 2000)))).toEqual({
          told,
          end: file.length,
          how: 'more',
        });
      },
    ),
    { numRuns: 12 },
  );
});

test('one byte that is another, wherever, ends what is read before its frame; and what comes after shows that it is damaged', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.array(fc.record({ topic: fc.constant('ledger'), record: fc.uint8Array({ maxLength: 40 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
        {
          minLength: 2,
          maxLength: 5,
        },
      ),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (all, where, change) => {
        const { file, ends, told } = fileOf(all, 64);
        const at = 64 + (where % (file.length - 64));
        file[at]! ^= change;
        const hit = ends.findIndex((end) => at < end);
        const begin = ends[hit - 1] ?? 64;
        const before = all.slice(0, hit).reduce((sum, entries) => sum + entries.length, 0);
        expect(read(file, 64, 1 << 20)).toEqual({ told: told.slice(0, before), end: begin, how: 'broken' });
        expect(hasFrame(file.subarray(begin), 1, SALT)).toBe(hit < ends.length - 1);
        expect(hasFrame(file, 64, SALT + 1)).toBe(false);
        // A frame that lacks its last byte is none, and one that is whole is.
        const last = Buffer.from(file.subarray(ends.at(-2)!));
        expect(hasFrame(last, 0, SALT)).toBe(hit < ends.length - 1);
        expect(hasFrame(last.subarray(0, -1), 0, SALT)).toBe(false);
      },
    ),
    { numRuns: 100 },
  );
});

test('a frame whose records were overwritten is whole again once it is sealed', () => {
  const { file } = fileOf([[{ topic: 'ledger', record: Buffer.from('secret') }]], 0);
  const reader = new FrameReader(SALT, 0);
  reader.room().into.set(file);
  reader.filled(file.length);
  const frame = reader.take();
  if (frame === 'more' || frame === 'broken') throw new Error(frame);
  for (const { record } of readEntries(frame.bytes, frame.at, frame.head)) record.fill(0x2d);
  const changed = Buffer.from(frame.bytes.subarray(frame.at, frame.at + frame.head.length));
  expect(read(changed, 0, 1000).how).toBe('broken');
  resealFrame(changed, 0, frame.head, SALT);
  expect(read(changed, 0, 1000).told).toEqual(['100 1000 ledger ------']);
});
