import { expect, test } from 'vitest';
import { snapshotBytes, snapshotPieces } from '../../../src/log/jetstream/snapshots.ts';

const PIECES = [
  { kind: 0, bytes: Buffer.from('state') },
  { kind: 255, bytes: Buffer.alloc(0) },
  { kind: 7, bytes: Buffer.alloc(70_000, 'x') },
];

async function framed(): Promise<Buffer> {
  const all: Uint8Array[] = [];
  const pieces = (async function* () {
    yield* PIECES;
  })();
  for await (const bytes of snapshotBytes(pieces)) all.push(bytes);
  return Buffer.concat(all);
}

test('a piece stands behind its kind and its length', async () => {
  const bytes = await framed();
  // What is written is read by every later version.
  expect(bytes.subarray(0, 10)).toEqual(Buffer.from('\x00\x05\x00\x00\x00state', 'latin1'));
  expect(bytes.subarray(10, 15)).toEqual(Buffer.from([0xff, 0, 0, 0, 0]));
  expect(bytes.subarray(15, 20)).toEqual(Buffer.from([7, 0x70, 0x11, 0x01, 0x00]));
  expect(bytes).toHaveLength(5 + 5 + 5 + 5 + 70_000);
});

test('what was written is read, also where it lies within something else', async () => {
  const bytes = await framed();
  const within = Buffer.concat([Buffer.alloc(3, 1), bytes, Buffer.alloc(9, 1)]).subarray(3, 3 + bytes.length);
  for (const given of [bytes, within, new Uint8Array(bytes)]) {
    const read = Array.from(snapshotPieces(given), ({ kind, bytes: piece }) => ({ kind, bytes: Buffer.from(piece) }));
    expect(read).toEqual(PIECES);
  }
  expect([...snapshotPieces(new Uint8Array())]).toEqual([]);
});
