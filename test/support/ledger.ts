import { setTimeout as sleep } from 'node:timers/promises';
import type { Attributes, Counter } from '@opentelemetry/api';
import { createNoopMeter } from '@opentelemetry/api';
import type { Histogram, MetricProducer } from '@opentelemetry/sdk-metrics';
import { type Logger, pino } from 'pino';
import { BridgeEvents } from '../../src/events/bridge-events.ts';
import { type AttributeLimits, DEFAULT_LIMITS } from '../../src/ledger/attribute-limits.ts';
import type { BodySource } from '../../src/ledger/body-source.ts';
import { BridgeLedger } from '../../src/ledger/bridge-ledger.ts';
import { TrustedClock } from '../../src/ledger/trusted-clock.ts';
import { deferred } from './deferred.ts';
import { MemoryStore } from './memory-store.ts';

/** A clock that stands until it is moved. Starts at the time of the sample batch. */
export class ManualClock {
  wall = 1_704_067_300_000;
  mono = 0;
  now = () => this.wall;
  monotonic = () => this.mono;

  advance(ms: number): void {
    this.wall += ms;
    this.mono += ms;
  }
}

interface TestLimits extends AttributeLimits {
  /** Milliseconds. */
  forgetAfter: number;
  hasEvents: boolean;
  logger: Logger;
  events: BridgeEvents;
  quarantinedReports: Counter;
}

export function newLedger(
  log: ConstructorParameters<typeof BridgeLedger>[0]['log'],
  clock = new ManualClock(),
  limits: Partial<TestLimits> = {},
  trustedClock = new TrustedClock(clock),
) {
  const {
    forgetAfter,
    hasEvents = false,
    logger = pino({ level: 'silent' }),
    events = new BridgeEvents(),
    quarantinedReports = createNoopMeter().createCounter('quarantined'),
    ...attributeLimits
  } = { ...DEFAULT_LIMITS, forgetAfter: 30 * 86_400_000, ...limits };
  const ledger = new BridgeLedger({
    log,
    clock,
    trustedClock,
    events,
    logger,
    version: '0.0.0',
    limits: attributeLimits,
    forgetAfter,
    hasEvents,
    quarantinedReports,
  });
  return { ledger, clock };
}

export async function startedLedger(
  store = new MemoryStore(),
  clock = new ManualClock(),
  limits: Partial<TestLimits> = {},
) {
  const { ledger } = newLedger(store, clock, limits);
  await store.load();
  await ledger.start();
  await ledger.lead();
  return { ledger, store, clock };
}

/** A body in pieces of the given length. */
export async function* split(body: string | Uint8Array, length = 65_536): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(body as string);
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** A body as the ledger reads it. Each piece is overwritten once it was read: nobody may look at it then. */
export function sourceOf(pieces: AsyncIterable<Uint8Array>): BodySource {
  const iterator = pieces[Symbol.asyncIterator]();
  let given: Uint8Array | undefined;
  let next: Promise<IteratorResult<Uint8Array>> | undefined;
  const aborted = deferred<never>();
  aborted.promise.catch(() => {});
  return {
    ended: false,
    abort: (reason) => aborted.reject(reason),
    async read(patience) {
      given?.fill(0xee);
      next ??= iterator.next();
      next.catch(() => {});
      const waits = [next, aborted.promise];
      const result = await Promise.race(Number.isFinite(patience) ? [...waits, sleep(patience, null)] : waits);
      if (result === null) return undefined;
      next = undefined;
      given = result.done ? undefined : Buffer.from(result.value);
      return given ?? null;
    },
  };
}

export const pieces = (body: string | Uint8Array, length?: number): BodySource => sourceOf(split(body, length));

/** Values by metric and by attributes, sorted: `{'couic.reports': {'a=1,b=2': 3}}`. Histograms by their count. */
export async function collect(producer: MetricProducer): Promise<Record<string, Record<string, number>>> {
  const { resourceMetrics } = await producer.collect();
  const result: Record<string, Record<string, number>> = {};
  for (const metric of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
    const series: Record<string, number> = {};
    for (const { attributes, value } of metric.dataPoints) {
      series[text(attributes)] = typeof value === 'number' ? value : value.count;
    }
    result[metric.descriptor.name] = series;
  }
  return result;
}

/** All that a collection says of each series, by metric and by the values of its attributes; starts in ms since the epoch. */
export async function collectWhole(
  producer: MetricProducer,
): Promise<Record<string, Record<string, { value: unknown; start: number }>>> {
  const { resourceMetrics } = await producer.collect();
  const result: Awaited<ReturnType<typeof collectWhole>> = {};
  for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
    const all = dataPoints.map(({ attributes, value, startTime: [seconds, nanoseconds] }) => {
      const start = seconds * 1000 + Math.round(nanoseconds / 1e6);
      return [Object.values(attributes).join(' '), { value: typeof value === 'number' ? value : plain(value), start }];
    });
    result[descriptor.name] = Object.fromEntries(all);
  }
  return result;
}

function plain(value: unknown): { counts: readonly number[]; sum: number | undefined } {
  const { buckets, sum, count } = value as Histogram;
  if (count !== buckets.counts.reduce((total, each) => total + each, 0)) throw new Error('buckets and count differ');
  return { counts: buckets.counts, sum };
}

function text(attributes: Attributes): string {
  return Object.entries(attributes)
    .filter(([key]) => key !== 'couic.instance.name')
    .map(([, value]) => String(value))
    .join(' ');
}

export interface TestReport {
  action?: 'add' | 'remove';
  policy?: 'drop' | 'ignore';
  cidr?: string;
  tag?: string | null;
  creation?: number;
  expiration?: number;
  kind?: string | null;
}

/** As Couic writes it. */
export function reportText(report: TestReport): string {
  const { action = 'add', policy = 'drop', cidr = '1.2.3.4/32', tag = 'scanner', kind = null } = report;
  const { creation = 1_704_067_200, expiration = 0 } = report;
  // An untagged rule is removed with "".
  const written = tag ?? (action === 'remove' ? '' : null);
  const metadata = kind === null ? null : { kind, detail: 'test', extra: null };
  return JSON.stringify({ action, policy, entry: { creation, cidr, tag: written, expiration }, metadata });
}

export function bodyOf(reports: readonly TestReport[]): string {
  return `[${reports.map(reportText).join(',')}]`;
}
