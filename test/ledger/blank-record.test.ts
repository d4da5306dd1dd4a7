import { expect, test } from 'vitest';
import { blankRecord } from '../../src/ledger/blank-record.ts';
import { kindOf, RECORD } from '../../src/ledger/records.ts';
import { Subject } from '../../src/ledger/subject.ts';
import { changeAt, toldBy } from '../../src/ledger/told-rules.ts';
import type { Entry } from '../../src/log/log.ts';
import { formatCidr } from '../../src/report/cidr.ts';
import { cidrOf, wordsOf } from '../../src/report/packed.ts';
import { bodyOf, ManualClock, pieces, startedLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

/** What an entry tells of each rule; null of one that was erased. */
function rulesOf(entry: Pick<Entry, 'topic' | 'record'>): (string | null)[] {
  const rules: (string | null)[] = [];
  for (const part of toldBy(entry)?.parts ?? []) {
    for (let at = 0; at < part.words.length; at += wordsOf(part.words[at]!)) {
      const what = changeAt(part, at);
      const tag = part.words[at + 1]!;
      const name = tag === 0 ? '-' : part.tags[tag - 1]!;
      rules.push(what && `${part.instance} ${what} ${formatCidr(cidrOf(part.words, at))} ${name}`);
    }
  }
  return rules;
}

/** A log with a record of every kind that names rules: of reports, of comparisons, and of rules whose time was over, of two Couics. */
async function someLog(): Promise<readonly Entry[]> {
  const clock = new ManualClock();
  const { ledger, store } = await startedLedger(new MemoryStore(), clock, { hasEvents: true });
  const expiration = clock.now() / 1000 + 10;
  const creation = clock.now() / 1000;
  for (const instance of ['paris', 'lyon'])
    await ledger.ingest(
      instance,
      pieces(
        bodyOf([
          { cidr: '192.0.2.1/32', tag: 'scanner', expiration, kind: 'ssh' },
          { cidr: '192.0.2.128/25', tag: null, kind: null },
          { cidr: '2001:db8::1/128', tag: 'office', expiration },
          { cidr: '198.51.100.7/32', tag: 'office' },
          { cidr: '198.51.100.8/32', action: 'block' as never },
        ]),
      ),
    );
  const listed = [
    { creation, cidr: '203.0.113.0/24', tag: 'scanner', expiration: 0 },
    { creation, cidr: '192.0.2.77/32', tag: 'listed', expiration: 0 },
  ];
  await ledger.reconcile('paris', async (policy) =>
    (async function* () {
      yield Buffer.from(JSON.stringify(policy === 'drop' ? listed : []));
    })(),
  );
  clock.advance(20_000);
  await ledger.expireDue();
  await ledger.stop();
  return store.log;
}

test.each<[what: { network?: string; tag?: string }, isOf: RegExp]>([
  [{ network: '192.0.2.0/24' }, / (192\.0\.2\.)/],
  [{ network: '192.0.2.1' }, / 192\.0\.2\.1\//],
  [{ network: '2001:db8::/32' }, / 2001:db8/],
  [{ tag: 'scanner' }, / scanner$/],
  [{ tag: 'office' }, / office$/],
  [{ network: '8.8.8.8' }, /never/],
])('of %j everything that a record tells goes, and nothing else, in its place; once', async (what, isOf) => {
  const subject = new Subject(what);
  const kinds = new Set<number>();
  for (const { topic, record } of await someLog()) {
    const before = rulesOf({ topic, record });
    const copy = new Uint8Array(record);
    const blanked = blankRecord(copy, subject);
    expect(copy.length).toBe(record.length);
    expect(rulesOf({ topic, record: copy })).toEqual(before.map((rule) => (rule && isOf.test(rule) ? null : rule)));
    // Told is whether anything was, and it is once.
    expect(blanked).toBe(!Buffer.from(copy).equals(record));
    if (before.some((rule) => rule && isOf.test(rule))) expect(blanked).toBe(true);
    if (blanked) kinds.add(kindOf(record));
    expect(blankRecord(copy, subject)).toBe(false);
    const left = Buffer.from(copy).toString('latin1');
    for (const name of [what.tag, what.network?.replace(/[.:]*\/.*/, '')]) {
      if (name !== undefined && !name.endsWith('.0')) expect(left.includes(name)).toBe(false);
    }
  }
  if (what.tag === 'scanner') expect(kinds).toEqual(new Set([RECORD.chunk, RECORD.corrected, RECORD.expiredRules]));
});

test('what was not valid is kept without its text where that has it', async () => {
  const subject = new Subject({ network: '198.51.100.8' });
  const [chunk] = (await someLog()).filter(({ record }) => kindOf(record) === RECORD.chunk);
  const copy = { ...chunk!, record: new Uint8Array(chunk!.record) };
  expect(toldBy(copy)!.quarantined).toEqual([
    { reason: 'unknown_action', text: expect.stringContaining('198.51.100.8') },
  ]);
  expect(blankRecord(copy.record, subject)).toBe(true);
  expect(toldBy(copy)!.quarantined).toEqual([{ reason: 'unknown_action', text: null }]);
});
