import { expect, test } from 'vitest';
import { ReportChunk, ROOM_BEFORE } from '../../src/report/report-chunk.ts';
import { addParsed } from '../../src/report/validate.ts';

function add(chunk: ReportChunk, cidr: string, more: Record<string, unknown> = {}, tag: string | null = 't'): void {
  expect(
    addParsed(chunk, { action: 'add', policy: 'drop', entry: { creation: 1, cidr, tag, expiration: 2 }, ...more }),
  ).toBeNull();
}

test('holds any number of reports, and what a record is made of lies around its words', () => {
  const chunk = new ReportChunk();
  const cidrs = Array.from({ length: 1000 }, (_, i) =>
    i % 3 === 0 ? `2001:db8::${(i + 1).toString(16)}/128` : `10.0.${i >> 8}.${i & 255}/32`,
  );
  for (const cidr of cidrs) add(chunk, cidr);
  expect(chunk.length).toBe(334 * 9 + 666 * 6);
  for (const after of [0, 1, 5, 100_000]) {
    const frame = chunk.frame(after);
    expect(frame.length).toBe(ROOM_BEFORE + 4 * chunk.length + after);
    // Whoever frames it writes on both sides of the words.
    frame.fill(0xff, 0, ROOM_BEFORE).fill(0xff, frame.length - after);
    expect(Array.from(chunk.lines(), ({ cidr }) => cidr)).toEqual(cidrs);
  }
});

test('counts what it quarantines, and keeps the beginning of the first 64 texts', () => {
  const chunk = new ReportChunk();
  for (const _ of ['at first', 'and when it was cleared']) {
    for (let i = 0; i < 100; i++)
      chunk.quarantine(i % 2 === 0 ? 'bad_cidr' : 'bad_tag', Buffer.from(`${i}`.padEnd(i < 50 ? 3000 : 2048, 'x')));
    expect(chunk.elements).toBe(100);
    expect(Object.fromEntries(chunk.reasons)).toEqual({ bad_cidr: 50, bad_tag: 50 });
    expect(chunk.quarantined.map(({ text }) => text)).toEqual(
      Array.from({ length: 100 }, (_, i) => (i < 64 ? `${i}`.padEnd(2048, 'x') : null)),
    );
    chunk.clear();
    expect([chunk.elements, chunk.reasons.size, chunk.quarantined.length, chunk.isFull]).toEqual([0, 0, 0, false]);
  }
});

test('drop rules that it adds are counted by tag, and nothing else is', () => {
  const chunk = new ReportChunk();
  expect(chunk.dropsByTag()).toEqual(new Map());
  add(chunk, '192.0.2.1/32', {}, 'a');
  add(chunk, '2001:db8::/32', {}, null);
  add(chunk, '192.0.2.2/32', {}, 'b');
  add(chunk, '192.0.2.3/32', {}, 'a');
  add(chunk, '192.0.2.4/32', { action: 'remove' }, 'a');
  add(chunk, '192.0.2.5/32', { policy: 'ignore' }, 'c');
  expect(chunk.dropsByTag()).toEqual(
    new Map([
      [null, 1],
      ['a', 2],
      ['b', 1],
    ]),
  );
});

test('is cleared of everything, and its tags and kinds are numbered anew', () => {
  const chunk = new ReportChunk();
  chunk.metadata.wanted = true;
  add(chunk, '192.0.2.1/32', { metadata: { kind: 'k' } }, 'a');
  chunk.clear();
  expect([chunk.length, chunk.reports, chunk.elements, chunk.metadata.bytes]).toEqual([0, 0, 0, 0]);
  add(chunk, '192.0.2.2/32', { action: 'remove', policy: 'ignore' }, 'b');
  expect([...chunk.lines()]).toEqual([{ action: 'remove', policy: 'ignore', cidr: '192.0.2.2/32', tag: 'b' }]);
  expect([chunk.tags.strings(), chunk.kinds.strings()]).toEqual([['b'], []]);
});
