import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LedgerFold } from '../../src/ledger/fold.ts';
import { LedgerProducer } from '../../src/ledger/producer.ts';
import { bodyOf, collectWhole, pieces, startedLedger, type TestReport } from '../support/ledger.ts';

const T0 = 1_704_067_200;
const report = fc.record<TestReport>({
  action: fc.constantFrom('add', 'add', 'remove'),
  policy: fc.constantFrom('drop', 'ignore'),
  cidr: fc
    .integer({ min: 1, max: 60 })
    .map((n) => (n % 3 === 0 ? `2001:db8::${n.toString(16)}/128` : `10.0.0.${n}/32`)),
  tag: fc.constantFrom(null, 'a', 'b', 'c'),
  creation: fc.integer({ min: T0, max: T0 + 2 }),
  expiration: fc.constantFrom(0, T0 + 130, T0 + 160, T0 + 190),
  kind: fc.constantFrom(null, 'x', 'y'),
});
const batch = fc.record({ reports: fc.array(report, { maxLength: 40 }), advance: fc.integer({ min: 0, max: 20_000 }) });

const contents = (fold: LedgerFold) => collectWhole(new LedgerProducer(fold.state, '0', null, () => 0));

test('a fold restored from a snapshot taken anywhere goes on as the one that was never stopped', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { minLength: 1, maxLength: 8 }),
      fc.nat(),
      fc.nat({ max: 3 }),
      async (batches, at, early) => {
        const { ledger, store, clock } = await startedLedger();
        for (const { reports, advance } of batches) {
          clock.advance(advance);
          await ledger.ingest('couic', pieces(bodyOf(reports)));
        }
        await ledger.stop();
        const records = store.log;
        const cut = at % (records.length + 1);
        const live = new LedgerFold();
        for (const record of records.slice(0, cut)) live.apply(record);
        const atCut = await contents(live);

        // The pieces are taken while the fold goes on: they are still what was there at the call.
        const iterator = live.snapshot()[Symbol.iterator]();
        const taken: Uint8Array[] = [];
        for (let i = 0; i < early; i++) {
          const next = iterator.next();
          if (!next.done) taken.push(Buffer.from(next.value));
        }
        for (const record of records.slice(cut)) live.apply(record);
        for (let next = iterator.next(); !next.done; next = iterator.next()) taken.push(Buffer.from(next.value));

        const restored = new LedgerFold();
        restored.restore(taken);
        expect(await contents(restored)).toEqual(atCut);
        for (const record of records.slice(cut)) restored.apply(record);
        expect(await contents(restored)).toEqual(await contents(live));
        const text = (fold: LedgerFold) =>
          Array.from(fold.snapshot(), (piece) => Buffer.from(piece).toString('base64'));
        expect(text(restored)).toEqual(text(live));
      },
    ),
    { numRuns: 60 },
  );
});

test('a snapshot that is given up, begun or not, lets changes go free of copies again', async () => {
  const { ledger, store } = await startedLedger();
  await ledger.ingest('couic', pieces(bodyOf([{}])));
  await ledger.stop();
  const fold = new LedgerFold();
  for (const entry of store.log) fold.apply(entry);
  fold.snapshot()[Symbol.iterator]().return?.();
  const iterator = fold.snapshot()[Symbol.iterator]();
  iterator.next();
  iterator.return?.();
  expect(iterator.next().done).toBe(true);
  expect([...fold.snapshot()].length).toBeGreaterThan(1);
});
