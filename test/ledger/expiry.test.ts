import { expect, test } from 'vitest';
import { LedgerFold } from '../../src/ledger/fold.ts';
import { kindOf, RECORD } from '../../src/ledger/records.ts';
import { Subject } from '../../src/ledger/subject.ts';
import { changeAt, toldBy } from '../../src/ledger/told-rules.ts';
import { formatCidr } from '../../src/report/cidr.ts';
import { cidrOf, wordsOf } from '../../src/report/packed.ts';
import { type Explanation, RULE_OPERATIONS } from '../../src/service/admin/rules.ts';
import { bodyOf, ManualClock, pieces, startedLedger, type TestReport } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

const hasEvents = { hasEvents: true };

/** Rules whose time is over one after the other, and one that is over when its report comes. */
function shortLived(clock: ManualClock, count: number, net: number): TestReport[] {
  const seconds = clock.now() / 1000;
  return Array.from({ length: count }, (_, i) => ({
    cidr: i % 2 === 0 ? `10.${net}.${i >> 8}.${i & 255}/32` : `2001:db8:${net}::${i.toString(16)}/128`,
    tag: i % 3 === 0 ? null : `tag-${i % 5}`,
    expiration: i === 0 ? seconds - 1 : seconds + 1 + i,
  }));
}

/** What the log tells of rules whose time was over. */
function namedIn({ log }: MemoryStore): string[] {
  const named: string[] = [];
  for (const entry of log) {
    if (kindOf(entry.record) !== RECORD.expiredRules) continue;
    const { parts } = toldBy(entry)!;
    for (const part of parts) {
      const { instance, words, tags } = part;
      for (let at = 0; at < words.length; at += wordsOf(words[at]!)) {
        const tag = words[at + 1]!;
        const network = formatCidr(cidrOf(words, at));
        named.push(`${instance} ${changeAt(part, at)} ${network} ${tag === 0 ? null : tags[tag - 1]!}`);
      }
    }
  }
  return named;
}

test('each rule whose time was over is named once, whatever was written in between, and however many there are', async () => {
  const clock = new ManualClock();
  let { ledger, store } = await startedLedger(new MemoryStore(), clock, hasEvents);
  const all = { paris: shortLived(clock, 700, 1), lyon: shortLived(clock, 20, 2) };
  for (const [instance, reports] of Object.entries(all)) await ledger.ingest(instance, pieces(bodyOf(reports)));
  clock.advance(100_000);
  store.failure = new Error('EIO');
  await ledger.expireDue();
  expect(namedIn(store)).toEqual([]);
  store.failure = null;
  await ledger.expireDue();
  clock.advance(1_000_000);
  // Those that had left and were not yet named are, by the next start.
  await ledger.stop();
  ({ ledger, store } = await startedLedger(new MemoryStore(store.log), clock, hasEvents));
  const expected = Object.entries(all).flatMap(([instance, reports]) =>
    reports.map(({ cidr, tag }) => `${instance} expired ${cidr} ${tag}`),
  );
  expect(namedIn(store).sort()).toEqual(expected.sort());
  await ledger.expireDue();
  expect(namedIn(store)).toHaveLength(720);
  const argument = { network: '2001:db8:2::1' };
  const { history } = (await ledger.operations[RULE_OPERATIONS.explain]!(argument)) as Explanation;
  expect(history.events.map(({ what }) => what)).toEqual(['added', 'expired']);
  await ledger.stop();
});

test('nobody is named where nobody reads events, from the moment on when that is so', async () => {
  const clock = new ManualClock();
  const { ledger, store } = await startedLedger(new MemoryStore(), clock, hasEvents);
  await ledger.ingest('paris', pieces(bodyOf(shortLived(clock, 10, 1))));
  await ledger.change({ limits: { tags: 9, kinds: 9, series: 9 }, forgetAfter: 1e12, hasEvents: false });
  clock.advance(100_000);
  await ledger.expireDue();
  expect(namedIn(store)).toEqual([]);
  await ledger.stop();
});

test('one that is erased before it was named is named no more', async () => {
  const clock = new ManualClock();
  const { ledger, store } = await startedLedger(new MemoryStore(), clock, hasEvents);
  await ledger.ingest('paris', pieces(bodyOf(shortLived(clock, 4, 1))));
  clock.advance(100_000);
  await ledger.expireDue();
  await ledger.stop();
  const fold = new LedgerFold();
  for (const entry of store.log) if (kindOf(entry.record) !== RECORD.expiredRules) fold.apply(entry);
  const { untold } = fold.state.find('paris')!;
  const networks = () => {
    const found: string[] = [];
    for (let at = 0; at < untold.words.length; at += wordsOf(untold.words[at]!))
      found.push(formatCidr(cidrOf(untold.words, at)));
    return found.sort();
  };
  expect(networks()).toEqual(['10.1.0.0/32', '10.1.0.2/32', '2001:db8:1::1/128', '2001:db8:1::3/128']);
  fold.erase(new Subject({ network: '10.1.0.2' }));
  expect(networks()).toEqual(['0.0.0.0/32', '10.1.0.0/32', '2001:db8:1::1/128', '2001:db8:1::3/128']);
});
