import { expect, test } from 'vitest';
import { LedgerFold } from '../../src/ledger/fold.ts';
import { MAX_KEPT } from '../../src/ledger/rules/tombstones.ts';
import { bodyOf, pieces, startedLedger, type TestReport } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

const cidr = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`;
const removals = (count: number, from = 0): TestReport[] =>
  Array.from({ length: count }, (_, n) => ({ action: 'remove', cidr: cidr(from + n) }));
const OVERTAKEN: TestReport = { cidr: '192.0.2.1/32' };
const REMOVAL: TestReport = { ...OVERTAKEN, action: 'remove' };

test('more removals than one Couic may have wait for their adds: they push out none of another, after a restart neither', async () => {
  const { ledger, store, clock } = await startedLedger();
  const take = (instance: string, reports: TestReport[], of = ledger) => of.ingest(instance, pieces(bodyOf(reports)));
  await take('quiet', [REMOVAL]);
  await take('noisy', removals(MAX_KEPT + 1000));
  await take('quiet', [OVERTAKEN]);
  expect(ledger.ruleCounts('quiet').drop).toBe(0);

  await take('quiet', [REMOVAL]);
  await ledger.stop();
  const again = await startedLedger(new MemoryStore(store.log), clock);
  await take('noisy', removals(1000, MAX_KEPT + 1000), again.ledger);
  await take('quiet', [OVERTAKEN], again.ledger);
  expect(again.ledger.ruleCounts('quiet').drop).toBe(0);
  await again.ledger.stop();

  // From a snapshot as well, taken while the removals wait.
  const fold = new LedgerFold();
  const cut = again.store.log.length - 2;
  for (const entry of again.store.log.slice(0, cut)) fold.apply(entry);
  const restored = new LedgerFold();
  restored.restore(Array.from(fold.snapshot(), (piece) => piece.slice()));
  for (const each of [fold, restored]) for (const entry of again.store.log.slice(cut)) each.apply(entry);
  expect(restored.state.find('quiet')!.ruleCounts()).toEqual({ drop: 0, ignore: 0 });
  const bytes = (of: LedgerFold) => Buffer.concat(Array.from(of.snapshot(), (piece) => piece.slice()));
  expect(bytes(restored).equals(bytes(fold))).toBe(true);
});

test('of its own, those that wait longest go: a Couic that floods cannot fill the memory', async () => {
  const { ledger } = await startedLedger();
  const take = (reports: TestReport[]) => ledger.ingest('noisy', pieces(bodyOf(reports)));
  await take([REMOVAL, ...removals(MAX_KEPT)]);
  await take([OVERTAKEN, { cidr: cidr(MAX_KEPT - 1) }]);
  expect(ledger.ruleCounts('noisy').drop).toBe(1);
  await ledger.stop();
});
