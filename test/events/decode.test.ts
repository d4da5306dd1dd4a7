import { expect, test } from 'vitest';
import { eventsOf } from '../../src/events/decode.ts';
import type { CouicEvent, RuleEvent } from '../../src/events/event.ts';
import { bodyOf, collect, ManualClock, newLedger, pieces } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

async function started(clock = new ManualClock(), store = new MemoryStore(), hasEvents = true) {
  const { ledger } = newLedger(store, clock, { hasEvents });
  await store.load();
  await ledger.start();
  await ledger.lead();
  return { ledger, store, clock };
}

function eventsIn(store: MemoryStore): CouicEvent[] {
  return store.log.flatMap((entry) => [...eventsOf(entry, 'log')]);
}

const SECOND = 1_704_067_300;

test('what reports tell: what came and left, with its metadata, and what was not valid', async () => {
  const { ledger, store } = await started();
  const body = `[${[
    '{"action":"add","policy":"drop","entry":{"creation":1704067200,"cidr":"192.0.2.7/32","tag":"ssh","expiration":1704070800},"metadata":{"kind":"k","detail":"brute force","extra":{"n":[1]}}}',
    '{"action":"remove","policy":"ignore","entry":{"creation":1704067290,"cidr":"2001:db8::/48","tag":"","expiration":0},"metadata":null}',
    '{"action":"add","policy":"drop","entry":{"creation":1704067200,"cidr":"192.0.2.7/33","tag":null,"expiration":0},"metadata":null}',
  ].join(',')}]`;
  await ledger.ingest('edge', pieces(body));
  const position = store.log.at(-1)!.position;
  const id = (place: string) => `log-${store.log[0]!.epoch}-${position}-${place}`;
  const common = { observedTime: SECOND * 1000, instance: 'edge', metadataCut: false };
  const events = eventsIn(store);
  const { kind, detail, extra, plain } = (events[0] as RuleEvent).metadata!;
  expect({ kind, detail, extra, plain }).toEqual({ kind: 'k', detail: 'brute force', extra: { n: [1] } });
  expect(events).toEqual([
    {
      ...common,
      id: id('0'),
      name: 'couic.rule.added',
      time: 1_704_067_200_000,
      policy: 'drop',
      network: { text: '192.0.2.7/32', address: '192.0.2.7', type: 'ipv4', form: 'plain' },
      tag: 'ssh',
      creation: 1_704_067_200_000,
      expiration: 1_704_070_800_000,
      lifetime: null,
      metadata: expect.anything(),
    },
    {
      ...common,
      id: id('1'),
      name: 'couic.rule.removed',
      time: SECOND * 1000,
      policy: 'ignore',
      network: { text: '2001:db8::/48', address: null, type: 'ipv6', form: 'plain' },
      tag: null,
      creation: 1_704_067_290_000,
      expiration: null,
      lifetime: 10_000,
      metadata: null,
    },
    {
      id: id('q0'),
      name: 'couic.report.quarantined',
      time: SECOND * 1000,
      observedTime: SECOND * 1000,
      instance: 'edge',
      reason: 'bad_cidr',
      text: expect.stringContaining('"192.0.2.7/33"'),
    },
  ]);
});

test('every rule whose time is over is named, with its tag, as often as it is counted', async () => {
  const { ledger, store, clock } = await started();
  const reports = Array.from({ length: 3000 }, (_, i) => ({
    cidr: i % 2 === 0 ? `10.0.${i >> 8}.${i & 255}/32` : `2001:db8::${i.toString(16)}/128`,
    tag: i % 3 === 0 ? null : `t${i % 3}`,
    expiration: SECOND + 1 + (i % 7),
  }));
  await ledger.ingest('edge', pieces(bodyOf(reports.slice(0, 2000))));
  await ledger.ingest('two', pieces(bodyOf(reports.slice(2000))));
  clock.advance(5000);
  await ledger.expireDue();
  const expired = eventsIn(store).filter(({ name }) => name === 'couic.rule.expired');
  const over = reports.filter(({ expiration }) => expiration <= SECOND + 5);
  expect(expired).toHaveLength(over.length);
  const named = (events: readonly CouicEvent[]) =>
    events.map((event) => ('network' in event ? `${event.network!.text} ${event.tag} ${event.expiration}` : '')).sort();
  expect(named(expired)).toEqual(over.map(({ cidr, tag, expiration }) => `${cidr} ${tag} ${expiration * 1000}`).sort());
  expect(new Set(expired.map(({ instance }) => instance))).toEqual(new Set(['edge', 'two']));
  const some = expired.find((event) => 'lifetime' in event && event.expiration === (SECOND + 3) * 1000);
  expect(some).toMatchObject({ time: (SECOND + 3) * 1000, lifetime: 103_000 });
  const { drop } = ledger.ruleCounts('edge');
  expect(drop + ledger.ruleCounts('two').drop).toBe(reports.length - over.length);
});

test('what left by its time in any way is told once it is known, as often as it is counted', async () => {
  const clock = new ManualClock();
  const { ledger, store } = await started(clock);
  const rule = (cidr: string, expiration: number, creation = SECOND - 100) => ({ cidr, expiration, creation });
  await ledger.ingest(
    'edge',
    pieces(
      bodyOf([
        // It was over before its report came.
        rule('192.0.2.1/32', SECOND - 50),
        rule('192.0.2.2/32', SECOND + 1),
        rule('192.0.2.3/32', SECOND + 1),
        rule('192.0.2.4/32', SECOND + 100),
      ]),
    ),
  );
  clock.advance(2000);
  // Another report is first: the next add of the same network, and its removal.
  await ledger.ingest(
    'edge',
    pieces(
      bodyOf([
        rule('192.0.2.2/32', 0, SECOND + 2),
        { ...rule('192.0.2.3/32', SECOND + 1), action: 'remove' },
        { ...rule('192.0.2.4/32', SECOND + 100), action: 'remove' },
      ]),
    ),
  );
  await ledger.expireDue();
  const told = eventsIn(store).filter(({ name }) => name === 'couic.rule.expired');
  expect(told.map((event) => 'network' in event && event.network!.text).sort()).toEqual([
    '192.0.2.1/32',
    '192.0.2.2/32',
    '192.0.2.3/32',
  ]);
  const { 'couic.rule.expirations': counted } = await collect(ledger.producer());
  expect(Object.values(counted!).reduce((sum, count) => sum + count, 0)).toBe(told.length);
  // What was not told before a restart is told after it.
  await ledger.ingest('edge', pieces(bodyOf([rule('192.0.2.9/32', SECOND - 50)])));
  const again = await started(clock, new MemoryStore(store.log.map((entry) => ({ ...entry }))));
  const after = eventsIn(again.store).filter(({ name }) => name === 'couic.rule.expired');
  expect(after.map((event) => 'network' in event && event.network!.text).sort()).toEqual([
    '192.0.2.1/32',
    '192.0.2.2/32',
    '192.0.2.3/32',
    '192.0.2.9/32',
  ]);
});

test('what a comparison with the list of Couic brought in and took out', async () => {
  const { ledger, store, clock } = await started();
  await ledger.ingest('edge', pieces(bodyOf([{ cidr: '192.0.2.1/32', tag: 'gone' }])));
  clock.advance(60_000);
  const entry = '{"creation":1704067200,"cidr":"192.0.2.2/32","tag":"found","expiration":0}';
  await ledger.reconcile('edge', async (policy) =>
    (async function* () {
      yield Buffer.from(policy === 'drop' ? `[${entry}]` : '[]');
    })(),
  );
  expect(
    eventsIn(store)
      .slice(1)
      .map((event) => 'tag' in event && [event.name, event.network!.text, event.tag, event.lifetime]),
  ).toEqual([
    ['couic.rule.brought_in', '192.0.2.2/32', 'found', null],
    ['couic.rule.taken_out', '192.0.2.1/32', 'gone', 160_000],
  ]);
});

test('ids are never given twice, not by a log that was restored and went its own way', async () => {
  const { ledger, store } = await started();
  await ledger.ingest('edge', pieces(bodyOf([{ cidr: '192.0.2.1/32' }])));
  const backup = store.log.map((entry) => ({ ...entry }));
  await ledger.ingest('edge', pieces(bodyOf([{ cidr: '192.0.2.2/32' }])));
  const restored = await started(new ManualClock(), new MemoryStore(backup));
  await restored.ledger.ingest('edge', pieces(bodyOf([{ cidr: '192.0.2.3/32' }])));
  const ids = (events: CouicEvent[]) => events.map(({ id }) => id);
  const [one, two] = [ids(eventsIn(store)), ids(eventsIn(restored.store))];
  expect([one.length, two.length, one[0]]).toEqual([2, 2, two[0]]);
  expect(one[1]).not.toBe(two[1]);
  for (const id of [...one, ...two]) expect(id).toMatch(/^[0-9a-z-]{1,128}$/);
});

test('without a logs pipeline records hold no metadata and do not name what expires', async () => {
  const { ledger, store, clock } = await started(new ManualClock(), new MemoryStore(), false);
  await ledger.ingest('edge', pieces(bodyOf([{ kind: 'k', expiration: SECOND + 1 }])));
  clock.advance(2000);
  await ledger.expireDue();
  expect(eventsIn(store)).toMatchObject([{ name: 'couic.rule.added', metadata: null }]);
  for (const { record } of store.log) expect(Buffer.from(record).includes('detail')).toBe(false);
});
