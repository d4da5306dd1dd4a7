import type { Attributes } from '@opentelemetry/api';
import { pino } from 'pino';
import { SeriesKeeper } from '../../../src/ledger/series/keeper.ts';
import type { Observation, SeriesKind, StreamInfo } from '../../../src/ledger/series/observation.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import type { SourcedMetrics } from '../../../src/service/metric-source.ts';
import { FakeTime } from '../../support/fake-time.ts';
import { MemoryEngine, MemoryLog } from '../../support/memory-engine.ts';

export interface Options {
  readonly maxSeries?: number;
  readonly expiration?: number;
  readonly forgetAfter?: number;
  /** Bytes of records after which a snapshot is taken. */
  readonly minimumLogBytes?: number;
  readonly log?: MemoryLog;
  readonly time?: FakeTime;
  /** Runs as an append is about to be committed. */
  readonly commit?: () => Promise<void>;
}

/** A keeper over a log in memory. */
export class Host {
  readonly time: FakeTime;
  readonly log: MemoryLog;
  readonly runner: LogRunner;
  readonly keeper: SeriesKeeper;
  readonly warnings: string[] = [];

  constructor(options: Options = {}) {
    const {
      maxSeries = 1000,
      expiration = 300_000,
      forgetAfter = 30 * 86_400_000,
      minimumLogBytes = 16 * 1024 * 1024,
      log = new MemoryLog(),
      time = new FakeTime(),
      commit,
    } = options;
    this.time = time;
    this.log = log;
    const engine = new MemoryEngine(log, { now: () => time.now(), ...(commit && { commit }) });
    this.runner = new LogRunner({ engine, clock: time, logger: { warn: () => {} }, minimumLogBytes });
    this.keeper = new SeriesKeeper({
      name: 'receiver/otlp',
      attach: (fold) => {
        this.runner.attach('receiver/otlp', fold);
        return this.runner.topic('receiver/otlp');
      },
      clock: time,
      sleep: time.sleep,
      logger: pino({ level: 'warn' }, { write: (line: string) => void this.warnings.push(JSON.parse(line).msg) }),
      maxSeries,
      expiration,
      forgetAfter,
    });
  }

  async start(): Promise<this> {
    await this.runner.load();
    this.keeper.start();
    return this;
  }

  /** Another process on what is on disk. */
  async restart(options: Options = {}): Promise<Host> {
    await this.keeper.stop();
    await this.runner.close(AbortSignal.abort());
    return new Host({ time: this.time, log: this.log, ...options }).start();
  }

  /** One request. @returns what became of each point. */
  async push(points: readonly (readonly [StreamInfo, Observation])[]): Promise<string[]> {
    const push = await this.keeper.open();
    try {
      const outcomes = points.map(([info, point]) => push.add(push.stream(info), point));
      await push.finish();
      return outcomes;
    } finally {
      push.close();
    }
  }

  /** By resource, metric and attributes: `a calls {"route":"/"}`. */
  async totals(view: 'current' | 'totals' = 'current'): Promise<Record<string, unknown>> {
    const { resourceMetrics } = await this.keeper.producer(['receiver/otlp'], view).collect();
    return Object.fromEntries(
      (resourceMetrics.scopeMetrics as SourcedMetrics[]).flatMap(({ resource, metrics }) =>
        metrics.flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => [
            `${resource?.attributes.host} ${descriptor.name} ${JSON.stringify(attributes)}`,
            value,
          ]),
        ),
      ),
    );
  }
}

export function streamOf(kind: SeriesKind, host = 'a', name = 'calls'): StreamInfo {
  return {
    resource: { host },
    scope: { name: 'test', version: '', attributes: {} },
    name,
    unit: '{call}',
    description: '',
    kind,
  };
}

export function pointOf(
  value: Observation['value'],
  times: { start?: number; time?: number; temporality?: Observation['temporality']; attributes?: Attributes } = {},
): Observation {
  const { start = 0, time = 0, temporality = 'cumulative', attributes = {} } = times;
  return { value, start, time, temporality, attributes };
}
