import { describe, expect, test } from 'vitest';
import type { BodySource } from '../../src/ledger/body-source.ts';
import { bodyOf, pieces, reportText, startedLedger } from '../support/ledger.ts';

const isLong = process.env.FUZZ_RUNS !== undefined;
const BYTES = (isLong ? 300 : 20) * 1024 * 1024;
const PIECE = 64 * 1024;

/** A body whose middle is the same piece again and again, in the same memory. @param each - called for each of them. */
function body(begin: string, fill: string, end: string, each: () => void): BodySource {
  const middle = Buffer.alloc(PIECE);
  let left = BYTES;
  let next: 'begin' | 'middle' | 'end' | 'over' = 'begin';
  return {
    ended: false,
    abort() {},
    async read() {
      if (next === 'begin') {
        next = 'middle';
        return Buffer.from(begin);
      }
      if (next === 'middle' && left > 0) {
        left -= PIECE;
        each();
        return middle.fill(fill);
      }
      if (next === 'over') return null;
      next = 'over';
      return Buffer.from(end);
    },
  };
}

const report = reportText({});
const open = report.replace('"metadata":null}', '"metadata":{"kind":"k","detail":"');

describe.each([
  ['after the beginning of the newest body', true],
  ['in a new body', false],
])('%s', (_, isLikeNewest) => {
  test.each([
    ['a string', '"', 'x', '"', { accepted: 1, quarantined: 1 }],
    ['brackets', '', '[', '', null],
    ['a number', '', '1', '', { accepted: 1, quarantined: 1 }],
    ['spaces in an object', '{"action":"add"', ' ', '}', { accepted: 1, quarantined: 1 }],
    ['metadata', open, 'x', '"}}', { accepted: 2, quarantined: 0 }],
    ['a name', '{"', 'x', '":1}', { accepted: 1, quarantined: 1 }],
    ['escapes', '{"metadata":"', '\\\\', '"}', { accepted: 1, quarantined: 1 }],
    ['spaces between elements', '1', ' ', '', { accepted: 1, quarantined: 1 }],
  ])('%s takes little memory, and holds nothing back', async (_name, begin, fill, end, expected) => {
    const { ledger, clock, store } = await startedLedger();
    if (isLikeNewest) await ledger.ingest('couic', pieces(bodyOf([{}, { cidr: '5.5.5.5/32' }])));
    const before = process.memoryUsage().arrayBuffers;
    const requested = store.requested;
    let peak = 0;
    let committed = 0;
    const source = body(`[${report},${begin}`, fill, `${end}]`, () => {
      clock.advance(60);
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      committed = store.requested - requested;
    });
    const taken = ledger.ingest('couic', source);
    if (expected === null) await expect(taken).rejects.toThrow('the body ends inside the array of reports');
    else expect(await taken).toMatchObject(expected);
    expect(committed).toBeGreaterThan(0);
    expect(peak / 1e6).toBeLessThan(8);
    await ledger.stop();
  });
});
