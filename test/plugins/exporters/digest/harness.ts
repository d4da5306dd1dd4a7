import { type DigestConfig, schema } from '../../../../plugins/exporters/digest/config.ts';
import { DigestExporter } from '../../../../plugins/exporters/digest/digest-exporter.ts';
import { LogRunner } from '../../../../src/log/runner.ts';
import type { EventFeed, ExporterContext } from '../../../../src/service/component.ts';
import { exporterContext } from '../../../support/exporter-context.ts';
import { FakeTime, until } from '../../../support/fake-time.ts';
import { bodyOf, newLedger, pieces, type TestReport } from '../../../support/ledger.ts';
import { MemoryEngine, MemoryLog } from '../../../support/memory-engine.ts';

export const MINUTE = 60_000;

export function configOf(options: Record<string, unknown>): DigestConfig {
  return schema.parse(options);
}

interface OwnRecord {
  readonly type: string;
  readonly fate?: string;
  readonly id?: string;
  readonly digest?: { readonly total: number };
}

/** A ledger and one exporter of digests over a log in memory that outlives them. */
export class DigestHarness {
  readonly log: MemoryLog;
  readonly time: FakeTime;
  readonly runner: LogRunner;
  readonly ledger: ReturnType<typeof newLedger>['ledger'];
  readonly exporter: DigestExporter;
  readonly context: ReturnType<typeof exporterContext>;
  /** Whether this one of several bridges may send. */
  acts = true;
  /** Thrown by the next commits while set. */
  failure: Error | undefined;
  #bodies: number;

  /** @param before - the harness whose log it goes on with, as after a kill or a stop. */
  constructor(
    options: Record<string, unknown>,
    before?: DigestHarness,
    log = before === undefined ? new MemoryLog() : before.log.copy(),
  ) {
    this.log = log;
    this.#bodies = before === undefined ? 0 : before.#bodies;
    this.time = before?.time ?? new FakeTime();
    const clock = this.time;
    const engine = new MemoryEngine(log, {
      now: () => clock.now(),
      commit: async () => {
        if (this.failure) throw this.failure;
      },
    });
    this.runner = new LogRunner({ engine, clock, logger: { warn: () => {} } });
    this.ledger = newLedger(this.runner, clock, { hasEvents: true }).ledger;
    const { runner } = this;
    this.context = exporterContext({ id: 'digest', clock });
    const context: ExporterContext = {
      ...this.context,
      acts: () => this.acts,
      has: (signal) => signal === 'logs',
      eventFeed: (retention): EventFeed => ({
        reader: runner.reader('digest', retention),
        instances: ['paris', 'lyon'],
        get logId() {
          return runner.identity.logId;
        },
      }),
      attach(fold) {
        runner.attach('exporter/digest', fold);
        return runner.topic('exporter/digest');
      },
    };
    this.exporter = new DigestExporter(context, configOf({ name: 'test', ...options }), {
      sleep: clock.sleep,
      random: () => 0.5,
    });
  }

  async start(): Promise<this> {
    await this.runner.load();
    await this.ledger.start();
    await this.exporter.start();
    return this;
  }

  /** Couic reports. */
  async report(reports: readonly TestReport[], instance = 'paris'): Promise<void> {
    // Each body is one of its own, not the repetition of one before.
    this.#bodies++;
    const creation = 1_704_067_200 + this.#bodies;
    this.time.advance(1000);
    await this.ledger.ingest(instance, pieces(bodyOf(reports.map((report) => ({ creation, ...report })))));
  }

  /** The interval passes. @returns once what it held was closed. */
  async pass(milliseconds = 15 * MINUTE): Promise<void> {
    const before = this.#closed;
    this.time.advance(milliseconds);
    await until(() => this.#closed > before, 'the end of an interval');
  }

  /** Position of the newest record of an interval that was closed. */
  get #closed(): number {
    const own = this.log.entries.filter(({ topic, record }) => isOwn(topic) && text(record).includes('"closed"'));
    return own.at(-1)?.position ?? 0;
  }

  /** Those of the exporter that the log still has. */
  get records(): OwnRecord[] {
    return this.log.entries.filter(({ topic }) => isOwn(topic)).map(({ record }) => JSON.parse(text(record)));
  }

  /** In order. */
  async stop(): Promise<void> {
    await this.exporter.shutdown(new AbortController().signal);
    await this.ledger.stop();
    await this.runner.close();
  }

  /** As a kill leaves it: nothing that is under way is written down any more. */
  async kill(): Promise<void> {
    await this.exporter.shutdown(AbortSignal.abort());
    await this.runner.close(AbortSignal.abort());
  }
}

const isOwn = (topic: string) => topic === 'exporter/digest';
const text = (record: Uint8Array) => Buffer.from(record).toString();
