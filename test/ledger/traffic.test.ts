import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { LedgerFold } from '../../src/ledger/fold.ts';
import { LedgerProducer } from '../../src/ledger/producer.ts';
import type { TrafficCount, TrafficReading } from '../../src/ledger/traffic.ts';
import { below, seededRandom } from '../support/couic-sim/random.ts';
import { Traffic } from '../support/couic-sim/traffic.ts';
import { collect, ManualClock, startedLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

type Started = Awaited<ReturnType<typeof startedLedger>>;
type Numbers = Record<string, readonly [packets: number | bigint, bytes: number | bigint]>;

let ledger: Started['ledger'];
let store: Started['store'];

beforeEach(async () => {
  ({ ledger, store } = await startedLedger());
  return () => ledger.stop();
});

function counts(numbers: Numbers = {}): ReadonlyMap<string, TrafficCount> {
  return new Map(
    Object.entries(numbers).map(([name, [packets, bytes]]) => [
      name,
      { packets: BigInt(packets), bytes: BigInt(bytes) },
    ]),
  );
}

function reading(xdp: Numbers, drop: Numbers = {}, ignore: Numbers = {}): TrafficReading {
  return { xdp: counts(xdp), drop: counts(drop), ignore: counts(ignore) };
}

const record = (next: TrafficReading, fromStart = false) => ledger.recordTraffic('edge', next, { fromStart });

async function totals() {
  const metrics = await collect(ledger.producer());
  return {
    network: metrics['couic.network.packets'],
    networkBytes: metrics['couic.network.io'],
    rules: metrics['couic.rule.packets'],
    ruleBytes: metrics['couic.rule.io'],
  };
}

test('counting starts at the first reading', async () => {
  await record(reading({ XDP_DROP: [100, 6000] }, { scanner: [60, 3600] }));
  expect(await totals()).toMatchObject({ network: { XDP_DROP: 0 }, rules: { 'drop scanner': 0 } });

  await record(reading({ XDP_DROP: [107, 6500] }, { scanner: [62, 3800], ssh: [5, 300] }, { office: [1, 60] }));
  expect(await totals()).toEqual({
    network: { XDP_DROP: 7 },
    networkBytes: { XDP_DROP: 500 },
    rules: { 'drop scanner': 2, 'drop ssh': 5, 'ignore office': 1 },
    ruleBytes: { 'drop scanner': 200, 'drop ssh': 300, 'ignore office': 60 },
  });
});

test('or at the start of Couic, if that is wanted', async () => {
  await record(reading({ XDP_DROP: [100, 6000] }, { scanner: [60, 3600] }), true);
  expect(await totals()).toMatchObject({ network: { XDP_DROP: 100 }, rules: { 'drop scanner': 60 } });
});

test('a restart of Couic is noticed, and what came since it is counted', async () => {
  await record(reading({ XDP_DROP: [100, 6000], XDP_PASS: [50, 5000] }, { scanner: [60, 3600] }));
  expect(await record(reading({ XDP_DROP: [120, 7200], XDP_PASS: [50, 5000] }, { scanner: [80, 4800] }))).toEqual({
    restarted: false,
  });
  // The tag's counter is higher than before, and still all of it is new.
  expect(await record(reading({ XDP_DROP: [90, 5400], XDP_PASS: [60, 6000] }, { scanner: [85, 5100] }))).toEqual({
    restarted: true,
  });
  expect(await totals()).toMatchObject({
    network: { XDP_DROP: 20 + 90, XDP_PASS: 60 },
    rules: { 'drop scanner': 20 + 85 },
  });
});

describe('a tag', () => {
  test('that vanishes and comes back from 0 goes on', async () => {
    await record(reading({ XDP_DROP: [10, 600] }, { scanner: [10, 600] }));
    await record(reading({ XDP_DROP: [14, 840] }, { scanner: [14, 840] }));
    await record(reading({ XDP_DROP: [14, 840] }));
    await record(reading({ XDP_DROP: [34, 2040] }, { scanner: [20, 1200] }));
    expect(await totals()).toMatchObject({ rules: { 'drop scanner': 4 + 20 }, network: { XDP_DROP: 24 } });
  });

  test('that began again between two readings is counted from there', async () => {
    await record(reading({ XDP_DROP: [10, 600] }, { scanner: [10, 600] }));
    await record(reading({ XDP_DROP: [13, 780] }, { scanner: [3, 180] }));
    expect(await totals()).toMatchObject({ rules: { 'drop scanner': 3 }, ruleBytes: { 'drop scanner': 180 } });
  });
});

describe('tags never count more than XDP_DROP rose by:', () => {
  test('what they were read ahead of it waits for the next reading', async () => {
    await record(reading({ XDP_DROP: [0, 0] }, { scanner: [0, 0], ssh: [0, 0] }));
    await record(reading({ XDP_DROP: [100, 6000] }, { scanner: [70, 4200], ssh: [35, 2100] }));
    expect(await totals()).toMatchObject({
      network: { XDP_DROP: 100 },
      rules: { 'drop scanner': 70, 'drop ssh': 30 },
      ruleBytes: { 'drop scanner': 4200, 'drop ssh': 1800 },
    });
    await record(reading({ XDP_DROP: [105, 6300] }, { scanner: [70, 4200], ssh: [35, 2100] }));
    expect(await totals()).toMatchObject({
      network: { XDP_DROP: 105 },
      rules: { 'drop scanner': 70, 'drop ssh': 35 },
      ruleBytes: { 'drop scanner': 4200, 'drop ssh': 2100 },
    });
  });

  test('it waits over a snapshot', async () => {
    await record(reading({ XDP_DROP: [0, 0] }, { scanner: [0, 0] }));
    await record(reading({ XDP_DROP: [100, 6000] }, { scanner: [105, 6300] }));
    const fold = new LedgerFold();
    for (const entry of store.log) fold.apply(entry);
    const restored = new LedgerFold();
    restored.restore(fold.snapshot());
    await record(reading({ XDP_DROP: [110, 6600] }, { scanner: [110, 6600] }));
    for (const each of [fold, restored]) each.apply(store.log.at(-1)!);
    const rules = async ({ state }: LedgerFold) =>
      (await collect(new LedgerProducer(state, '0', null, () => 0)))['couic.rule.packets'];
    expect(await rules(restored)).toEqual({ 'drop scanner': 110 });
    expect(await rules(fold)).toEqual(await rules(restored));
  });

  test('a tag that one reading missed, and that comes back as it was, is not counted twice', async () => {
    await record(reading({ XDP_DROP: [1000, 60_000] }, { scanner: [1000, 60_000] }), true);
    await record(reading({ XDP_DROP: [1000, 60_000] }));
    await record(reading({ XDP_DROP: [1000, 60_000] }, { scanner: [1000, 60_000] }));
    for (let n = 1; n <= 3; n++) {
      await record(reading({ XDP_DROP: [1000 + n, 60_000 + 60 * n] }, { scanner: [1000, 60_000], other: [n, 60 * n] }));
    }
    const { network, rules } = await totals();
    expect(network).toEqual({ XDP_DROP: 1003 });
    expect(rules?.['drop scanner']).toBeLessThanOrEqual(1001);
    expect(rules!['drop scanner']! + rules!['drop other']!).toBe(1003);
  });

  test('nor what was ahead when Couic was restarted', async () => {
    await record(reading({ XDP_DROP: [100, 6000] }, { scanner: [130, 7800] }), true);
    await record(reading({ XDP_DROP: [10, 600] }, { ssh: [10, 600] }));
    expect(await totals()).toMatchObject({
      network: { XDP_DROP: 110 },
      rules: { 'drop scanner': 100, 'drop ssh': 10 },
    });
  });

  test('what tags were ahead comes after them, when they are forgotten meanwhile', async () => {
    const { ledger, clock } = await startedLedger(new MemoryStore(), new ManualClock(), { forgetAfter: 1000 });
    const record = (next: TrafficReading) => ledger.recordTraffic('edge', next, { fromStart: true });
    await record(reading({ XDP_DROP: [100, 6000] }, { scanner: [130, 7800], ssh: [5, 300] }));
    clock.advance(1000);
    await ledger.forgetIdle();
    await record(reading({ XDP_DROP: [150, 9000] }, { scanner: [130, 7800], ssh: [5, 300] }));
    const { 'couic.rule.packets': packets, 'couic.rule.io': io } = await collect(ledger.producer());
    expect([packets, io]).toEqual([
      { 'drop _FORGOTTEN:1': 100, 'drop _OTHER': 35 },
      { 'drop _FORGOTTEN:1': 6000, 'drop _OTHER': 2100 },
    ]);
    await ledger.stop();
  });

  test('whatever the map of tags lets go, and whatever comes between the two reads', async () => {
    const tags = ['a', 'b', 'c', 'd', 'e'];
    const turn = fc.record({
      before: fc.array(fc.tuple(fc.constantFrom(...tags), fc.nat(50)), { maxLength: 6 }),
      /** Packets that come after XDP_DROP was read and before the tags were. */
      between: fc.array(fc.tuple(fc.constantFrom(...tags), fc.nat(5)), { maxLength: 3 }),
      gone: fc.array(fc.constantFrom(...tags), { maxLength: 2 }),
      missed: fc.array(fc.constantFrom(...tags), { maxLength: 1 }),
      restart: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 30 }), async (turns) => {
        const { ledger } = await startedLedger();
        let dropped = 0;
        let shown = new Map<string, number>();
        const hit = (packets: readonly (readonly [string, number])[]) => {
          for (const [tag, count] of packets) {
            dropped += count;
            shown.set(tag, (shown.get(tag) ?? 0) + count);
          }
        };
        const metrics = () => collect(ledger.producer());
        let before = { sum: 0, network: 0 };
        for (const { before: packets, between, gone, missed, restart } of turns) {
          if (restart) [dropped, shown] = [0, new Map()];
          hit(packets);
          for (const tag of gone) shown.delete(tag);
          const xdp = dropped;
          hit(between);
          const listed = [...shown].filter(([tag]) => !missed.includes(tag));
          const drop: Numbers = Object.fromEntries(listed.map(([tag, n]) => [tag, [n, n * 60]]));
          await ledger.recordTraffic('edge', reading({ XDP_DROP: [xdp, xdp * 60] }, drop), { fromStart: true });
          const { 'couic.rule.packets': rules = {}, 'couic.network.packets': network } = await metrics();
          const now = {
            sum: Object.values(rules).reduce((sum, n) => sum + n, 0),
            network: network!.XDP_DROP!,
          };
          expect(now.sum - before.sum).toBeLessThanOrEqual(now.network - before.network);
          before = now;
        }
        await ledger.stop();
      }),
      { numRuns: 60 },
    );
  });
});

test('differences are exact beyond 2^53', async () => {
  const huge = 2n ** 63n;
  await record(reading({ XDP_PASS: [huge, huge + 1n] }));
  await record(reading({ XDP_PASS: [huge + 3n, huge + 1002n] }));
  expect(await totals()).toMatchObject({ network: { XDP_PASS: 3 }, networkBytes: { XDP_PASS: 1001 } });
});

test('a reading that changes nothing writes nothing', async () => {
  await record(reading({ XDP_DROP: [10, 600] }, { scanner: [1, 60] }));
  const written = store.log.length;
  await record(reading({ XDP_DROP: [10, 600] }, { scanner: [1, 60] }));
  expect(store.log).toHaveLength(written);
});

test('a restart of the bridge goes on where it was, from the log and from a snapshot', async () => {
  await record(reading({ XDP_DROP: [10, 600] }, { scanner: [4, 240] }));
  await record(reading({ XDP_DROP: [15, 900] }, { scanner: [6, 360] }));
  const fold = new LedgerFold();
  for (const entry of store.log) fold.apply(entry);
  const restored = new LedgerFold();
  restored.restore(fold.snapshot());
  expect(await collect(new LedgerProducer(restored.state, '0', null, () => 0))).toEqual(
    await collect(ledger.producer()),
  );

  const again = await startedLedger(new MemoryStore(store.log));
  await again.ledger.recordTraffic('edge', reading({ XDP_DROP: [115, 6900] }, { scanner: [6, 360] }));
  expect((await collect(again.ledger.producer()))['couic.network.packets']).toEqual({ XDP_DROP: 105 });
  await again.ledger.stop();
});

test('tags beyond the cap are counted together', async () => {
  const small = await startedLedger(undefined, undefined, { tags: 1, kinds: 20 });
  await small.ledger.recordTraffic('edge', reading({ XDP_DROP: [7, 420] }, { a: [1, 60], b: [2, 120], c: [4, 240] }), {
    fromStart: true,
  });
  expect((await collect(small.ledger.producer()))['couic.rule.packets']).toEqual({ 'drop a': 1, 'drop _OTHER': 6 });
  await small.ledger.stop();
});

test('whether an API answers is shown for its instance, without being written down', async () => {
  ledger.setUp('edge', true);
  ledger.setUp('other', false);
  expect((await collect(ledger.producer(['edge'])))['couic.up']).toEqual({ '': 1 });
  expect((await collect(ledger.producer(['other'])))['couic.up']).toEqual({ '': 0 });
});

test('read after each event, totals are what flowed; read now and then, they are never more', async () => {
  const event = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ hit: fc.constantFrom('a', 'b', 'c', null), packets: fc.integer({ min: 1, max: 9 }) }),
    },
    { weight: 2, arbitrary: fc.record({ forget: fc.constantFrom('a', 'b', 'c', null) }) },
    { weight: 1, arbitrary: fc.record({ restart: fc.constant(true) }) },
    { weight: 3, arbitrary: fc.record({ read: fc.constant(true) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 60 }), fc.boolean(), async (events, always) => {
      const { ledger } = await startedLedger();
      const traffic = new Traffic();
      const read = () => ledger.recordTraffic('edge', fromWire(traffic), { fromStart: true });
      await read();
      for (const each of events) {
        if ('hit' in each) traffic.match('drop', each.hit ?? '', each.packets, each.packets * 60);
        else if ('forget' in each) traffic.forget(each.forget ?? '');
        else if ('restart' in each) traffic.restart();
        if ('read' in each || always) await read();
      }
      await read();
      const metrics = await collect(ledger.producer());
      await ledger.stop();
      const counted = metrics['couic.rule.packets'] ?? {};
      const dropped = metrics['couic.network.packets']?.XDP_DROP ?? 0;
      const truth = Object.fromEntries(
        [...traffic.truth.tags.drop].map(([tag, { packets }]) => [`drop ${tag}`, packets]),
      );
      if (always) {
        expect(counted).toEqual(truth);
        expect(dropped).toBe(traffic.truth.xdp.XDP_DROP.packets);
      }
      for (const [tag, packets] of Object.entries(counted)) expect(packets).toBeLessThanOrEqual(truth[tag]!);
      expect(dropped).toBeLessThanOrEqual(traffic.truth.xdp.XDP_DROP.packets);
      expect(dropped).toBeGreaterThanOrEqual(Object.values(counted).reduce((sum, packets) => sum + packets, 0));
    }),
    { numRuns: 60 },
  );
});

test('with more tags than Couic has room for, none counts more than flowed, and all together no more than was dropped', async () => {
  const random = seededRandom(3);
  const { ledger } = await startedLedger();
  const traffic = new Traffic();
  for (let round = 0; round < 200; round++) {
    for (let i = below(random, 40); i > 0; i--) {
      const tag = below(random, 100);
      traffic.match('drop', `t${tag}`, 1 + below(random, 9), 60, tag % 16 === 0 ? 1 : 0);
    }
    await ledger.recordTraffic('edge', fromWire(traffic), { fromStart: true });
  }
  const metrics = await collect(ledger.producer());
  await ledger.stop();
  const counted = Object.entries(metrics['couic.rule.packets'] ?? {});
  expect(counted.length).toBeGreaterThan(90);
  for (const [key, packets] of counted) {
    expect(packets).toBeLessThanOrEqual(traffic.truth.tags.drop.get(key.replace('drop ', ''))!.packets);
  }
  const dropped = traffic.truth.xdp.XDP_DROP.packets;
  expect(metrics['couic.network.packets']?.XDP_DROP).toBe(dropped);
  const sum = counted.reduce((total, [, packets]) => total + packets, 0);
  expect(sum).toBeLessThanOrEqual(dropped);
  expect(sum).toBeGreaterThan(dropped / 2);
});

function fromWire(traffic: Traffic): TrafficReading {
  const { xdp, drop_tags, ignore_tags } = traffic.wire();
  const of = (wire: Record<string, { rx_packets: number; rx_bytes: number }>) =>
    counts(Object.fromEntries(Object.entries(wire).map(([name, c]) => [name, [c.rx_packets, c.rx_bytes]])));
  return { xdp: of(xdp), drop: of(drop_tags.tags), ignore: of(ignore_tags.tags) };
}
