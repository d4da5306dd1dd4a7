import { describe, expect, it } from 'vitest';
import type { Mapping } from '../../../../plugins/exporters/crowdsec/mapping.ts';
import { noObserver } from '../../../../plugins/exporters/crowdsec/observer.ts';
import { Outbox } from '../../../../plugins/exporters/crowdsec/outbox.ts';
import { parsePayload } from '../../../../plugins/exporters/crowdsec/payload.ts';
import { Sealer } from '../../../../plugins/exporters/crowdsec/sealer.ts';
import { FakeTime, until } from '../../../support/fake-time.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { collection, type TestMetric } from './points.ts';

/** Name, unit and labels of items from attributes of the same names. */
const byAttributes: Mapping = ({ metric, attributes: { unit = 'request', ...labels } }) => ({
  name: metric,
  unit: String(unit),
  labels: labels as Record<string, string>,
});

function setUp({ mapping = byAttributes, maxOrigins = 100, store = new MemoryStore() } = {}) {
  const time = new FakeTime();
  const outbox = new Outbox();
  store.attach('test', outbox);
  const topic = store.topic('test');
  const warnings: string[] = [];
  const ignore = () => {};
  const sealer = new Sealer({
    outbox,
    topic,
    mapping,
    component: { name: 'test', type: 'test', version: '1', feature_flags: [] },
    maxOrigins,
    otherOrigin: 'other',
    dryRun: false,
    clock: time,
    sleep: time.sleep,
    log: { debug: ignore, info: ignore, error: ignore, warn: (_, message) => warnings.push(message) },
    observer: noObserver,
  });
  /** A minute later: the items of the window's parts, as `name unit labels: value`. */
  const seal = async (...metrics: TestMetric[]) => {
    time.advance(60_000);
    await store.load();
    const before = outbox.state.lastNumber;
    await sealer.seal(collection(...metrics), topic.last);
    if (outbox.state.lastNumber === before) return [];
    return windowsOf(outbox).at(-1)!;
  };
  return { sealer, topic, seal, outbox, time, warnings, store };
}

function windowsOf(outbox: Outbox) {
  return outbox.waiting.map(({ body }) =>
    parsePayload(body).remediation_components[0].metrics.map(({ items }) =>
      items.map(({ name, unit, labels = {}, value }) => [name, unit, ...Object.values(labels), value].join(' ')),
    ),
  );
}

const dropped = (points: TestMetric['points'], more: Partial<TestMetric> = {}): TestMetric => ({
  name: 'dropped',
  points,
  ...more,
});

describe('counters', () => {
  it('count what was added, from zero for a series that is new', async () => {
    const { seal } = setUp();
    expect(await seal(dropped([[{ origin: 'a' }, 5]]))).toEqual([['dropped request a 5']]);
    expect(
      await seal(
        dropped([
          [{ origin: 'a' }, 7],
          [{ origin: 'b' }, 3],
        ]),
      ),
    ).toEqual([['dropped request a 2', 'dropped request b 3']]);
    expect(
      await seal(
        dropped([
          [{ origin: 'a' }, 7],
          [{ origin: 'b' }, 3],
        ]),
      ),
    ).toEqual([]);
  });

  it('never go below zero: one that went back began again, and so did one with a later start', async () => {
    const { seal } = setUp();
    await seal(dropped([[{ origin: 'a' }, 50]]));
    expect(await seal(dropped([[{ origin: 'a' }, 20]]))).toEqual([['dropped request a 20']]);
    expect(await seal(dropped([[{ origin: 'a' }, 90]], { start: 2000 }))).toEqual([['dropped request a 90']]);
    expect(await seal(dropped([[{ origin: 'a' }, 91]], { start: 2000 }))).toEqual([['dropped request a 1']]);
  });

  it('tell whole numbers, and the fractions when they have become whole', async () => {
    const { seal } = setUp();
    expect(await seal(dropped([[{ origin: 'a' }, 1.6]]))).toEqual([['dropped request a 1']]);
    expect(await seal(dropped([[{ origin: 'a' }, 2.2]]))).toEqual([['dropped request a 1']]);
    const delta = () => seal(dropped([[{ origin: 'd' }, 0.75]], { delta: true }));
    expect([await delta(), await delta(), await delta(), await delta(), await delta()]).toEqual([
      [],
      [['dropped request d 1']],
      [['dropped request d 1']],
      [['dropped request d 1']],
      [],
    ]);
  });

  it('keep increments until a window has told them', async () => {
    const { seal, store } = setUp();
    store.failure = new Error('full');
    await expect(seal(dropped([[{ origin: 'a' }, 5]], { delta: true }))).rejects.toThrow('full');
    store.failure = null;
    expect(
      await seal(
        dropped(
          [
            [{ origin: 'a' }, 2],
            [{ origin: 'b' }, 1],
          ],
          { delta: true },
        ),
      ),
    ).toEqual([['dropped request a 7', 'dropped request b 1']]);
  });

  it('add up over scopes, whatever the order of attributes', async () => {
    const { seal } = setUp();
    const other = dropped([[{ ip_type: 'ipv4', origin: 'a' }, 2]]);
    expect(await seal(dropped([[{ origin: 'a', ip_type: 'ipv4' }, 5]]), other)).toEqual([['dropped request ipv4 a 7']]);
  });

  it('beyond 2^53 are cut, and nonsense is left out with a warning', async () => {
    const { seal, warnings } = setUp();
    const wild = dropped([
      [{ origin: 'a' }, 1e300],
      [{ origin: 'n' }, Number.NaN],
      [{ origin: 'm' }, -4],
    ]);
    expect(await seal(wild)).toEqual([[`dropped request a ${Number.MAX_SAFE_INTEGER}`]]);
    expect(warnings).toEqual(['Left out of CrowdSec windows: dropped: the value -4 is not a count']);
  });

  it('may hold back what others add, over windows', async () => {
    const mapping: Mapping = ({ metric, value }) => [
      { name: 'dropped', unit: 'packet', value: metric === 'all' ? value : -value },
    ];
    const { seal } = setUp({ mapping });
    const taken = () => seal({ name: 'tag', delta: true, points: [[{}, 4]] });
    expect(await taken()).toEqual([]);
    expect(await seal({ name: 'all', delta: true, points: [[{}, 5]] })).toEqual([['dropped packet 1']]);
    const at = (all: number, tagged: number) =>
      seal({ name: 'all', points: [[{}, all]] }, { name: 'tag', points: [[{}, tagged]] });
    expect(await at(10, 4)).toEqual([['dropped packet 6']]);
    expect(await at(10, 9)).toEqual([]);
    expect(await at(17, 9)).toEqual([['dropped packet 2']]);
  });
});

describe('gauges', () => {
  const active = (points: TestMetric['points'], kind: 'gauge' | 'updowncounter' = 'updowncounter') =>
    ({ name: 'active_decisions', kind, points }) as const;

  it('add up by row of the table, and say 0 once when they end', async () => {
    const { seal } = setUp();
    expect(await seal(active([[{ origin: 'a', unit: 'ip' }, 3]]), active([[{ origin: 'a', unit: 'ip' }, 4]]))).toEqual([
      ['active_decisions ip a 7'],
    ]);
    expect(await seal(active([[{ origin: 'a', unit: 'ip' }, 0]]))).toEqual([['active_decisions ip a 0']]);
    expect(await seal(active([]))).toEqual([]);
  });

  it('and counters are refused where cscli would count them wrong', async () => {
    const { seal, warnings } = setUp();
    expect(
      await seal({ name: 'load_gauge', points: [[{}, 3]] }, { name: 'level', kind: 'gauge', points: [[{}, 3]] }),
    ).toEqual([]);
    expect(warnings).toEqual([
      'Left out of CrowdSec windows: load_gauge: a counter maps to "load_gauge", of which cscli keeps only the last value: map it to another name',
      'Left out of CrowdSec windows: level: a gauge maps to "level", which cscli adds up over windows: only active_decisions and names ending in _gauge keep the last value',
    ]);
    await seal({ name: 'active_decisions', kind: 'updowncounter', delta: true, points: [[{}, 3]] });
    expect(warnings.at(-1)).toContain('an up-down counter with delta temporality does not tell its level');
  });
});

describe('what LAPI and cscli would not take as it is', () => {
  it('is split over seconds where cscli would take two items for one', async () => {
    const { seal, outbox } = setUp();
    const parts = await seal(
      dropped([
        [{ origin: 'CAPI', remediation: 'ban' }, 5],
        [{ origin: 'CAPI', remediation: 'captcha' }, 5],
        [{ origin: 'CAPI', remediation: 'throttle' }, 6],
      ]),
    );
    expect(parts).toEqual([
      ['dropped request CAPI ban 5', 'dropped request CAPI throttle 6'],
      ['dropped request CAPI captcha 5'],
    ]);
    const { metrics } = parsePayload(outbox.oldest!.body).remediation_components[0];
    const [first, second] = metrics.map(({ meta }) => meta.utc_now_timestamp);
    expect([second, second! - first!]).toEqual([outbox.oldest!.second, 1]);
  });

  it('is cut to 255 characters', async () => {
    const { seal } = setUp();
    const long = 'ü😀'.repeat(200);
    const [[item]] = (await seal(dropped([[{ origin: long }, 1]]))) as [[string]];
    expect([...item!.split(' ')[2]!]).toHaveLength(255);
  });

  it('shares one origin beyond the most, first come first kept, until one was idle for a week and the day in which it was noted', async () => {
    const { seal, time } = setUp({ maxOrigins: 2 });
    const at = (...counts: [string, number][]) => seal(dropped(counts.map(([origin, n]) => [{ origin }, n])));
    expect(await at(['a', 1], ['b', 1], ['c', 1])).toEqual([
      ['dropped request a 1', 'dropped request b 1', 'dropped request other 1'],
    ]);
    expect(await at(['c', 2], ['b', 2])).toEqual([['dropped request other 1', 'dropped request b 1']]);
    time.advance(8 * 86_400_000);
    expect(await at(['b', 3])).toEqual([['dropped request b 1']]);
    expect(await at(['c', 3], ['d', 1])).toEqual([['dropped request c 1', 'dropped request other 1']]);
  });
});

it('says since when it counts: the start, for the first window, and then the one before', async () => {
  const { seal, outbox, time } = setUp();
  const startedAt = time.now() / 1000;
  await seal(dropped([[{ origin: 'a' }, 1]]));
  await seal(dropped([[{ origin: 'a' }, 2]]));
  const told = outbox.waiting.map(({ body }) => parsePayload(body).remediation_components[0]);
  expect(told.map(({ utc_startup_timestamp: second }) => second)).toEqual([startedAt, startedAt]);
  expect(told.map(({ metrics }) => metrics[0]!.meta)).toEqual([
    { window_size_seconds: 61, utc_now_timestamp: startedAt + 60 },
    { window_size_seconds: 60, utc_now_timestamp: startedAt + 120 },
  ]);
});

describe('a second of its own', () => {
  /** Of equal values, so that each needs a second. */
  const alike = (count: number, value: number) =>
    dropped(Array.from({ length: count }, (_, n) => [{ origin: 'a', remediation: `r${n}` }, value]));

  it('is waited for when it is near, and the window tells what it told at first', async () => {
    const { sealer, seal, topic, outbox, time } = setUp();
    await seal(dropped([[{ origin: 'z' }, 1]]));
    time.advance(500);
    const sealed = sealer.seal(collection(alike(1, 2)), topic.last);
    await until(() => time.waits.length === 1);
    expect(time.waits).toEqual([500]);
    time.advance(500);
    expect(await sealed).toEqual({ kind: 'window', more: false });
    const [first, second] = outbox.waiting.map(({ second }) => second);
    expect(second! - first!).toBe(1);
  });

  it.each([
    [3, [3000]],
    [4, []],
  ])('of %i parts is waited for no longer than three seconds', async (parts, waits) => {
    const { sealer, seal, topic, time } = setUp();
    await seal(dropped([[{ origin: 'z' }, 1]]));
    const sealed = sealer.seal(collection(alike(parts, 2)), topic.last);
    if (waits.length === 0) expect(await sealed).toEqual({ kind: 'wait', milliseconds: 1000 * parts });
    else {
      await until(() => time.waits.length === 1);
      expect(time.waits).toEqual(waits);
      // The clock was set back meanwhile: it has waited long enough.
      time.step(-1000);
      time.advance(3000);
      expect(await sealed).toEqual({ kind: 'wait', milliseconds: 1000 });
    }
  });

  it('is not waited for at the end, nor when the clock had been more than a day ahead', async () => {
    const { sealer, seal, topic, outbox, time } = setUp();
    await seal(dropped([[{ origin: 'z' }, 1]]));
    const end = AbortSignal.abort();
    expect(await sealer.seal(collection(alike(1, 2)), topic.last, end)).toEqual({ kind: 'wait', milliseconds: 1000 });
    time.step(-86_400_000 + 1000);
    expect(await sealer.seal(collection(alike(1, 2)), topic.last, end)).toEqual({
      kind: 'wait',
      milliseconds: 86_400_000,
    });
    time.step(-1);
    expect(await sealer.seal(collection(alike(1, 2)), topic.last, end)).toEqual({ kind: 'window', more: false });
    const [first, second] = outbox.waiting.map(({ second }) => second);
    expect(second! - first!).toBe(1);
  });
});

describe('what one record does not hold', () => {
  const name = (n: number) => `${n}-`.padEnd(230, 'x');

  it('is told by the next ones, whole, and none is larger than the log takes', async () => {
    const { seal, outbox, store } = setUp({ maxOrigins: 10_000 });
    const origins = Array.from({ length: 2000 }, (_, n) => ({ origin: name(n) }));
    const given = (from: number): TestMetric[] => [
      dropped(origins.slice(from).map((labels) => [labels, 1])),
      { name: 'active_decisions', kind: 'gauge', points: origins.slice(from).map((labels) => [labels, 1]) },
    ];
    const told = { dropped: 0, active: new Set<string>() };
    const tell = (parts: readonly (readonly string[])[]) => {
      for (const line of parts.flat()) {
        const [item, , origin, value] = line.split(' ');
        if (item === 'dropped') told.dropped += Number(value);
        else if (value === '1') told.active.add(origin!);
        else told.active.delete(origin!);
      }
    };
    let windows = 0;
    for (; windows < 20 && (told.dropped < 2000 || told.active.size < 2000); windows++) tell(await seal(...given(0)));
    expect([told.dropped, told.active.size]).toEqual([2000, 2000]);
    expect(await seal(...given(0))).toEqual([]);
    for (windows = 0; windows < 20 && told.active.size > 10; windows++) tell(await seal(...given(1990)));
    expect([told.dropped, told.active.size]).toEqual([2000, 10]);
    const sizes = store.log.map(({ record }) => record.length);
    expect(Math.max(...sizes)).toBeLessThan(2 ** 20 - 1024);
    // Each is filled: LAPI has a request for each.
    expect(Math.max(...sizes)).toBeGreaterThan(700_000);
    expect(outbox.state.baseline.size).toBe(2000);
  });

  it('is begun in several, and nothing of it is told', async () => {
    const { sealer, seal, outbox, store } = setUp({ maxOrigins: 10_000 });
    await store.load();
    const counters = dropped(Array.from({ length: 5000 }, (_, n) => [{ origin: name(n) }, 7.5]));
    await sealer.startCounting(collection(counters), ['']);
    expect(store.log.length).toBeGreaterThan(1);
    expect([outbox.state.baseline.size, [...outbox.state.sources]]).toEqual([5000, ['']]);
    expect(await seal(counters)).toEqual([]);
    // A second time nothing is to be begun.
    const { length } = store.log;
    await sealer.startCounting(collection(counters), ['']);
    expect(store.log).toHaveLength(length);
  });
});

it('restores from a snapshot what the records made', async () => {
  const { seal, outbox } = setUp();
  await seal(dropped([[{ origin: 'a' }, 5]]), {
    name: 'active_decisions',
    kind: 'gauge',
    points: [[{ origin: 'a' }, 3]],
  });
  await seal(dropped([[{ origin: 'x'.repeat(200) }, 5]]));
  const restored = new Outbox();
  restored.restore([...outbox.snapshot()].map((piece) => piece.slice()));
  expect([...restored.snapshot()]).toEqual([...outbox.snapshot()]);
  expect(restored.waiting).toEqual(outbox.waiting);
  expect(restored.bytes).toBe(outbox.bytes);
});

it('tells each of 1,000 origins in both of its items', async () => {
  const { sealer, topic, outbox, store } = setUp({ maxOrigins: 1000 });
  await store.load();
  const origins = Array.from({ length: 1000 }, (_, i) => `couic:origin-${i}`);
  await sealer.seal(
    collection(dropped(origins.map((origin) => [{ origin, remediation: 'ban' }, 1])), {
      name: 'active_decisions',
      kind: 'updowncounter',
      points: origins.map((origin) => [{ origin, ip_type: 'ipv4' }, 1]),
    }),
    topic.last,
  );
  expect(outbox.oldest!.items).toBe(2000);
});

it('leaves out what its mapping cannot say, counts it, and tells the rest', async () => {
  const mapping: Mapping = (point) => {
    if (point.attributes.origin === 'boom') throw new Error('no such origin');
    return byAttributes(point);
  };
  const { seal, sealer, warnings } = setUp({ mapping });
  const bad = dropped([
    [{ origin: 'CAPI' }, 5],
    [{ origin: 'boom' }, 2],
    [{ origin: 7 }, 3],
    [{ origin: 8 }, 4],
  ]);
  expect(await seal(bad)).toEqual([['dropped request CAPI 5']]);
  expect(sealer.leftOut).toBe(3);
  expect(warnings).toEqual([
    'Left out of CrowdSec windows: dropped: its mapping threw: no such origin',
    'Left out of CrowdSec windows: dropped: its label "origin" is a number: text is expected',
  ]);
});
