import fc from 'fast-check';
import { expect, it } from 'vitest';
import { COUIC_METRICS, isHistory } from '../../../../plugins/exporters/crowdsec/couic-mapping.ts';
import type { BouncerCounts } from '../../../../plugins/exporters/crowdsec/cscli-table.ts';
import { pointsOf } from '../../../../plugins/exporters/crowdsec/points.ts';
import { decodeRecord, type SealedWindow } from '../../../../plugins/exporters/crowdsec/records.ts';
import type { Fault } from '../../../support/lapi/faults.ts';
import { FakeTraffic } from './fake-traffic.ts';
import { Host } from './harness.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const RUNS = Number(process.env.PROPERTY_RUNS ?? 60);

/*
 * Random traffic, remappings, restarts, power cuts, faults and clock steps. Beside the bridge runs a model that knows
 * nothing of windows' contents: it counts what happened, and moves that to "told", under the names then in force,
 * whenever the journal says that a window was sealed. At the end LAPI's table must show what the model says was told.
 */

const TAGS = ['a', 'b', 'set.couic', 'untagged'] as const;
type Tag = (typeof TAGS)[number];

/** Two ways to name origins, and what the exporter makes of each tag. */
const NAMINGS = [
  { origins: [], names: { a: 'couic:a', b: 'couic:b', 'set.couic': 'couic:set:set', untagged: 'couic' } },
  {
    origins: [
      { tag: '*.couic', origin: 'lists:*' },
      { tag: 'a', origin: 'shared', remediation: 'captcha' },
      { tag: 'b', origin: 'shared', remediation: 'captcha' },
    ],
    names: { a: 'shared', b: 'shared', 'set.couic': 'lists:set', untagged: 'couic' },
  },
] as const;

type Step =
  | { do: 'report'; tag: Tag; action: 'add' | 'remove'; policy: 'drop' | 'ignore'; ipv6: boolean; n: number }
  | { do: 'traffic'; tag: Tag | null; packets: number; missed: number }
  | { do: 'pass'; minutes: number }
  | { do: 'faults'; faults: Fault[] }
  | { do: 'clock'; seconds: number }
  | { do: 'forget'; hours: number }
  | { do: 'restart'; how: 'stop' | 'kill' | 'crash' | 'crash in commit'; naming: 0 | 1; unit: 'report' | 'change' };

const refusal: Fault = { kind: 'status', status: 422, body: '{"message":"validation failure list:\\nno"}' };
const fault = fc.constantFrom<Fault>(
  { kind: 'status', status: 503 },
  { kind: 'status', status: 403, body: '{"message":"access forbidden"}' },
  { kind: 'lost' },
  { kind: 'reset' },
  { kind: 'html', status: 422 },
  { kind: 'delay', ms: 1 },
  refusal,
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      tag: fc.constantFrom(...TAGS),
      action: fc.constantFrom('add', 'add', 'remove') as fc.Arbitrary<'add' | 'remove'>,
      policy: fc.constantFrom('drop', 'drop', 'ignore') as fc.Arbitrary<'drop' | 'ignore'>,
      ipv6: fc.boolean(),
      n: fc.integer({ min: 0, max: 7 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('traffic' as const),
      tag: fc.constantFrom(...TAGS, null),
      packets: fc.integer({ min: 1, max: 1000 }),
      missed: fc.integer({ min: 0, max: 50 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      minutes: fc.constantFrom(1, 29, 30, 31, 90, 24 * 60),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('faults' as const),
      faults: fc.array(fault, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('clock' as const), seconds: fc.integer({ min: -7200, max: 7200 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('forget' as const), hours: fc.constantFrom(0, 1, 2) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      how: fc.constantFrom('stop', 'kill', 'crash', 'crash in commit') as fc.Arbitrary<'stop' | 'kill' | 'crash'>,
      naming: fc.constantFrom(0, 1) as fc.Arbitrary<0 | 1>,
      unit: fc.constantFrom('report', 'change') as fc.Arbitrary<'report' | 'change'>,
    }),
  },
);

/** Sums by `name unit origin`. */
type Sums = Map<string, number>;
function add(sums: Sums, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

class World {
  readonly host = new Host();
  readonly traffic = new FakeTraffic();
  readonly rules = new Map<string, { tag: Tag; policy: string; creation: number }>();
  /** Counted and not yet told: reports by tag (null: bypass), packets by tag, and by XDP_DROP. */
  #reports = new Map<Tag | null, number>();
  #processed = 0;
  #packets = new Map<Tag, number>();
  #dropped = 0;
  #seen = 0;
  /** What every window told, by its second. */
  readonly told = new Map<number, Sums>();
  /** What `couic` is owed: tags that were read ahead of the total. */
  #owed = 0;
  readonly seconds: number[] = [];
  #read = 0;
  #naming: 0 | 1 = 0;
  #unit = 'report';
  #creation = 1_704_067_200;
  /** Milliseconds that the clock was set back by, in all. */
  #setBack = 0;

  async start(): Promise<void> {
    this.host.producers = [this.traffic];
    this.host.forgetAfter = 60 * MINUTE;
    await this.host.start({
      origins: NAMINGS[this.#naming].origins,
      unit: this.#unit,
      interval: '30m',
      timeout: '5s',
    });
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case 'report':
        await this.#report(step);
        break;
      case 'traffic':
        this.#flow(step);
        break;
      case 'pass':
        await this.pass(step.minutes * MINUTE);
        break;
      case 'faults':
        this.host.lapi.faults.push(...step.faults);
        break;
      case 'clock':
        this.#setBack += Math.max(0, -step.seconds) * 1000;
        this.host.time.step(step.seconds * 1000);
        break;
      case 'forget':
        await this.#forget(step.hours);
        break;
      case 'restart':
        await this.#restart(step);
    }
  }

  async #report(step: Step & { do: 'report' }): Promise<void> {
    const { tag, action, policy, ipv6, n } = step;
    const cidr = ipv6 ? `2001:db8:${n}::/48` : `10.${n}.0.0/16`;
    const key = `${policy} ${cidr}`;
    const rule = this.rules.get(key);
    if ((rule === undefined) === (action === 'remove')) return; // Couic refuses both
    // No two reports are equal, or they would be one body that came twice.
    const creation = rule?.creation ?? ++this.#creation;
    await this.host.report({ action, policy, cidr, tag: tag === 'untagged' ? null : tag, creation });
    if (action === 'add') this.rules.set(key, { tag, policy, creation });
    else this.rules.delete(key);
    const drops = policy === 'drop' && action === 'add';
    this.#reports.set(drops ? tag : null, (this.#reports.get(drops ? tag : null) ?? 0) + 1);
    this.#processed++;
  }

  /** Tags without a rule end, and begin anew when they come again. */
  async #forget(hours: number): Promise<void> {
    await this.pass(hours * 60 * MINUTE);
    const forgotten = this.host.ledger.forgetIdle();
    await Promise.race([forgotten, this.#passUntil(forgotten)]);
    await this.host.settle();
    this.#follow();
  }

  /** The total and the tags are not read at one moment: the total lags by `missed`, and catches up. */
  #flow({ tag, packets, missed }: Step & { do: 'traffic' }): void {
    this.traffic.seen('XDP_PASS', packets);
    this.#seen += packets;
    if (tag === null) return;
    this.traffic.tagged(tag, packets);
    this.#packets.set(tag, (this.#packets.get(tag) ?? 0) + packets);
    const behind = [...this.traffic.tags.values()].reduce((a, b) => a + b, 0) - (this.traffic.xdp.get('XDP_DROP') ?? 0);
    const dropped = Math.max(0, behind - missed);
    this.traffic.seen('XDP_DROP', dropped);
    this.#dropped += dropped;
    this.#seen += dropped;
  }

  async pass(ms: number): Promise<void> {
    const end = this.host.time.mono + ms;
    while (this.host.time.mono < end) {
      const next = this.host.time.waits[0] ?? Number.POSITIVE_INFINITY;
      await this.host.pass(Math.min(Math.max(next, 1), end - this.host.time.mono));
      this.#follow();
    }
  }

  async #restart({ how, naming, unit }: Step & { do: 'restart' }): Promise<void> {
    if (how === 'stop') {
      const stopped = this.host.stop();
      await Promise.race([stopped, this.#passUntil(stopped)]);
    } else if (how === 'kill') await this.host.kill();
    else if (how === 'crash') this.host.crash();
    else {
      // The record is on disk and the process does not live to see it.
      this.host.store.afterCommit = () => new Promise(() => {});
      this.host.time.advance(30 * MINUTE);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      this.host.crash();
    }
    this.#follow();
    this.#naming = naming;
    this.#unit = unit;
    await this.start();
    await this.host.settle();
    this.#follow();
  }

  /** An orderly end may wait a moment for its second. */
  async #passUntil(stopped: Promise<void>): Promise<void> {
    let over = false;
    void stopped.then(() => {
      over = true;
    });
    while (!over) {
      for (let turn = 0; turn < 5 && !over; turn++) await new Promise((resolve) => setImmediate(resolve));
      const wait = this.host.time.waits[0];
      if (!over && wait !== undefined && wait <= 3000) this.host.time.advance(wait);
    }
  }

  /** Reads what the journal says was sealed since the last look. */
  #follow(): void {
    const records = this.host.log.slice(this.#read);
    this.#read = this.host.log.length;
    for (const { topic, record } of records) {
      if (topic !== 'exporter/crowdsec') continue;
      const decoded = decodeRecord(record);
      if (decoded.type !== 'sealed') continue;
      const sums = this.#tell();
      if (decoded.window) this.#sealed(decoded.window, sums);
      else expect([...sums.values()].every((value) => value === 0)).toBe(true);
    }
  }

  #sealed({ second }: SealedWindow, sums: Sums): void {
    this.told.set(second, sums);
    this.seconds.push(second);
  }

  /** Moves all that was counted to told, under the names in force. */
  #tell(): Sums {
    const { names } = NAMINGS[this.#naming];
    const sums: Sums = new Map();
    for (const [tag, count] of this.#reports) if (tag !== null) add(sums, `dropped ${this.#unit} ${names[tag]}`, count);
    add(sums, `processed ${this.#unit} `, this.#processed);
    let rest = this.#dropped + this.#owed;
    for (const [tag, packets] of this.#packets) {
      // A packet of an untagged rule is `couic` either way, and so is what no tag accounts for.
      if (names[tag] === 'couic') continue;
      add(sums, `dropped packet ${names[tag]}`, packets);
      rest -= packets;
    }
    add(sums, 'dropped packet couic', Math.max(0, rest));
    this.#owed = Math.min(0, rest);
    add(sums, 'processed packet ', this.#seen);
    this.#reports = new Map();
    this.#packets = new Map();
    this.#processed = 0;
    this.#dropped = 0;
    this.#seen = 0;
    return sums;
  }

  /** What LAPI should show: everything told in windows that it still keeps, and the present rules. */
  get expected(): Record<string, number> {
    const kept = new Set(
      this.host.lapi.kept.flatMap(({ windows }) => windows.map(({ meta }) => meta.utc_now_timestamp)),
    );
    const sums: Sums = new Map();
    for (const [second, told] of this.told) if (kept.has(second)) for (const [key, n] of told) add(sums, key, n);
    const { names } = NAMINGS[this.#naming];
    const decisions = [...this.rules.values()].filter(({ policy }) => policy === 'drop');
    for (const { tag } of decisions) add(sums, `active_decisions ip ${names[tag]}`, 1);
    return nonzero(sums);
  }

  get shown(): Record<string, number> {
    const sums: Sums = new Map();
    for (const [origin, names] of Object.entries(this.host.lapi.counts() satisfies BouncerCounts)) {
      for (const [name, units] of Object.entries(names)) {
        for (const [unit, value] of Object.entries(units)) {
          if (unit !== 'byte') add(sums, `${name} ${unit} ${origin}`, value);
          else expect(value).toBe((names[name]?.packet ?? 0) * 60);
        }
      }
    }
    return nonzero(sums);
  }

  /** Counters that are given now: all that the next window needs to know of. */
  async series(): Promise<string[]> {
    const follows = (metric: string, attributes = {}) => COUIC_METRICS.has(metric) && !isHistory(attributes);
    const points = pointsOf(await this.host.crowdsec.reader.metrics(), follows, () => '', new Map());
    return points.filter(({ kind, value }) => kind === 'total' && value > 0).map(({ key }) => key);
  }

  /** Lets everything that waits be told and sent. */
  async drain(): Promise<void> {
    this.host.lapi.faults.length = 0;
    await this.pass(2 * MINUTE);
    const { exporter } = this.host.crowdsec;
    for (const { number } of exporter.outbox.quarantined) await exporter.resend(number);
    // A clock that was set back, perhaps several times, has to come past the last window.
    await this.pass(this.#setBack + DAY / 6);
  }
}

function nonzero(sums: Sums): Record<string, number> {
  return Object.fromEntries([...sums].filter(([, value]) => value !== 0).sort());
}

it('shows at LAPI what was counted, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const world = new World();
      await world.host.lapi.start();
      await world.start();
      try {
        for (const each of steps) await world.run(each);
        await world.drain();
        expect(world.shown).toEqual(world.expected);
        const { baseline } = world.host.crowdsec.exporter.outbox.state;
        const series = await world.series();
        // While its source gives nothing at all, none is known to have ended.
        if (series.length > 0) expect([...baseline.keys()].sort()).toEqual(series.sort());
        const seconds = world.seconds;
        for (let i = 1; i < seconds.length; i++) expect(seconds[i]!).toBeGreaterThan(seconds[i - 1]!);
        for (const { windows } of world.host.lapi.pushes) {
          for (const { items } of windows) {
            for (const { value } of items) expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
          }
        }
        const delivered = world.host.lapi.pushes.flatMap(({ windows }) =>
          windows.map(({ meta }) => meta.utc_now_timestamp),
        );
        expect([...new Set(delivered)].sort()).toEqual([...seconds].sort());
      } finally {
        await world.host.kill();
        await world.host.close();
      }
    }),
    { numRuns: RUNS },
  );
}, 300_000);
