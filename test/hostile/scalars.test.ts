import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BridgeLedger } from '../../src/ledger/bridge-ledger.ts';
import { collect, pieces, reportText, sourceOf, startedLedger } from '../support/ledger.ts';

/** What ends only where something else begins: where a piece ends in it, nobody knows whether it goes on. */
const SCALARS = ['null', '1', 'true', 'false', '-0', '12.5e3', '"a"', '""'];
const report = (n: number) => reportText({ cidr: `10.0.${n >> 8}.${n & 255}/32` });

async function counted(ledger: BridgeLedger): Promise<number> {
  const series = (await collect(ledger.producer()))['couic.reports'] ?? {};
  return Object.values(series).reduce((sum, count) => sum + count, 0);
}

async function* cut(body: string, ...ends: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const end of [...ends, body.length]) {
    if (end > from) yield Buffer.from(body.slice(from, end));
    from = Math.max(from, end);
  }
}

test.each(SCALARS)('%s at the end of a piece, and then the same body again with more behind it', async (scalar) => {
  const elements = [scalar, report(1), scalar, report(2), scalar];
  const body = `[${elements.join(',')}]`;
  const retry = `${body.slice(0, -1)},${report(3)}]`;
  for (let end = 1; end < body.length; end++) {
    const { ledger } = await startedLedger();
    expect(await ledger.ingest('couic', sourceOf(cut(body, end)))).toEqual({
      accepted: 2,
      replayed: 0,
      quarantined: 3,
    });
    expect(await ledger.ingest('couic', sourceOf(cut(retry, end)))).toEqual({
      accepted: 1,
      replayed: 5,
      quarantined: 0,
    });
    expect(await counted(ledger)).toBe(3);
    await ledger.stop();
  }
});

test('bodies of scalars and reports, cut anywhere, into any pieces, with a chunk due at any of them', async () => {
  const element = fc.oneof(
    fc.constantFrom(...SCALARS),
    fc.integer({ min: 0, max: 50 }).map(report),
    fc.constantFrom('{}', '[]', '[1]'),
  );
  const ends = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
  const attempt = fc.record({ ends, arrives: fc.double({ min: 0, max: 1, noNaN: true }), ms: fc.constantFrom(0, 60) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(element, { minLength: 1, maxLength: 12 }),
      fc.constantFrom('', ' ', '\n\t'),
      fc.array(attempt, { maxLength: 4 }),
      ends,
      async (elements, space, attempts, lastEnds) => {
        const { ledger, clock } = await startedLedger();
        const body = `[${space}${elements.join(`${space},${space}`)}${space}]`;
        const at = (shares: readonly number[]) =>
          shares.map((share) => Math.ceil(share * body.length)).sort((a, b) => a - b);
        for (const { ends, arrives, ms } of attempts) {
          async function* broken() {
            for await (const piece of cut(body.slice(0, Math.floor(body.length * arrives)), ...at(ends))) {
              yield piece;
              clock.advance(ms);
            }
            throw new Error('socket hang up');
          }
          await expect(ledger.ingest('couic', sourceOf(broken()))).rejects.toThrow('hang up');
        }
        const last = await ledger.ingest('couic', sourceOf(cut(body, ...at(lastEnds))));
        expect(last.accepted + last.replayed + last.quarantined).toBe(elements.length);
        expect(await counted(ledger)).toBe(elements.filter((text) => text.startsWith('{"action"')).length);
        await ledger.stop();
      },
    ),
    { numRuns: Math.ceil(Number(process.env.FUZZ_RUNS ?? 3000) / 15) },
  );
});

test('in chunks of one byte, too', async () => {
  const { ledger } = await startedLedger();
  const body = `[${SCALARS.join(',')},${report(1)},null]`;
  expect(await ledger.ingest('couic', pieces(body, 1))).toEqual({ accepted: 1, replayed: 0, quarantined: 9 });
  expect(await ledger.ingest('couic', pieces(body, 1))).toEqual({ accepted: 0, replayed: 10, quarantined: 0 });
  await ledger.stop();
});
