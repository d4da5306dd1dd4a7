import { emptyResource } from '@opentelemetry/resources';
import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import { type Logger, pino } from 'pino';
import { afterEach, beforeEach } from 'vitest';
import { schema } from '../../../../plugins/exporters/crowdsec/config.ts';
import { CrowdSecExporter } from '../../../../plugins/exporters/crowdsec/crowdsec-exporter.ts';
import { WINDOW_METRICS } from '../../../../plugins/exporters/crowdsec/metrics.ts';
import type { Sleep } from '../../../../src/clock.ts';
import { BridgeEvents } from '../../../../src/events/bridge-events.ts';
import { ConnectionBudget } from '../../../../src/http/connection-budget.ts';
import type { BridgeLedger } from '../../../../src/ledger/bridge-ledger.ts';
import { TrustedClock } from '../../../../src/ledger/trusted-clock.ts';
import type { Entry } from '../../../../src/log/log.ts';
import { Carried } from '../../../../src/service/carried.ts';
import type { ExporterContext } from '../../../../src/service/component.ts';
import { Health } from '../../../../src/telemetry/health.ts';
import { createMeterProvider } from '../../../../src/telemetry/meter-provider.ts';
import { FakeTime, until } from '../../../support/fake-time.ts';
import { LapiServer } from '../../../support/lapi/server.ts';
import { bodyOf, newLedger, pieces, type TestReport } from '../../../support/ledger.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  /** The whole line. */
  text: string;
}

/** One life of the bridge. */
interface Process {
  /** Crashed: it does not wake up any more. */
  dead: boolean;
  sleeping: number;
  sends: boolean;
}

/** A host with a bridge that can be started, killed and started again, and a LAPI. */
export class Host {
  readonly time = new FakeTime();
  events = new BridgeEvents();
  readonly lines: LogLine[] = [];
  readonly log: Entry[] = [];
  readonly health = new Health();
  readonly lapi: LapiServer;
  instances: readonly string[] = ['couic'];
  /** What the pipelines carry besides. */
  receivers: readonly string[] = [];
  /** Milliseconds without a word after which the ledger forgets a tag. */
  forgetAfter = 30 * 86_400_000;
  store = new MemoryStore();
  ledger!: BridgeLedger;
  /** What the process measures besides the ledger. */
  producers: readonly MetricProducer[] = [];
  #process: Process = { dead: false, sleeping: 0, sends: false };
  readonly #crashed: CrowdSecExporter[] = [];
  crowdsec!: CrowdSecExporter;

  constructor(lapi?: LapiServer) {
    this.lapi = lapi ?? new LapiServer({ now: () => this.time.now() });
  }

  /** Starts a bridge over whatever earlier ones left. @param config - as in the YAML file. */
  async start(config: object = {}): Promise<this> {
    this.store = new MemoryStore(this.log);
    this.events = new BridgeEvents();
    const process = { dead: false, sleeping: 0, sends: !('dry_run' in config && config.dry_run) };
    this.#process = process;
    const trustedClock = new TrustedClock(this.time);
    const { ledger } = newLedger(this.store, this.time, { forgetAfter: this.forgetAfter }, trustedClock);
    this.ledger = ledger;
    const metrics = Object.values(WINDOW_METRICS);
    const provider = createMeterProvider({ resource: emptyResource(), version: '0.0.0', metrics });
    const options = { endpoint: this.lapi.url, api_key: 'test-key', heartbeat: false, ...config };
    this.crowdsec = new CrowdSecExporter(this.#context(provider, trustedClock), schema.parse(options), {
      sleep: this.#sleepIn(process),
      random: () => 0.5,
      alone: true,
    });
    await this.store.load();
    provider.register([this.crowdsec.reader]);
    await ledger.start();
    await ledger.lead();
    await this.crowdsec.start();
    return this;
  }

  async report(...reports: TestReport[]): Promise<void> {
    await this.ledger.ingest('couic', pieces(bodyOf(reports)));
  }

  /** An orderly end. */
  async stop(deadline: AbortSignal = new AbortController().signal): Promise<void> {
    await this.crowdsec.shutdown(deadline);
    await this.ledger.stop();
  }

  /** As a power cut: nothing is written any more. */
  async kill(): Promise<void> {
    this.store.failure = new Error('killed');
    await this.crowdsec.shutdown(AbortSignal.abort());
    await this.ledger.stop();
  }

  /** As a power cut in the middle of whatever is going on; requests that are under way may still arrive. */
  crash(): void {
    this.#process.dead = true;
    this.store.failure = new Error('crashed');
    this.#crashed.push(this.crowdsec);
  }

  /** Waits until nothing goes on any more without time going on. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const { outbox } = this.crowdsec.exporter;
    const process = this.#process;
    await until(() => process.sleeping >= (process.sends && outbox.size > 0 ? 2 : 1), 'rest');
  }

  /** Lets time pass in steps, as its sleepers need, and everything happen that it brings. */
  async pass(ms: number): Promise<void> {
    const end = this.time.mono + ms;
    await this.settle();
    while (this.time.mono < end) {
      this.time.advance(Math.min(this.time.waits[0] ?? Number.POSITIVE_INFINITY, end - this.time.mono));
      await this.settle();
    }
  }

  /** Closes what crashes left behind. */
  async close(): Promise<void> {
    for (const exporter of this.#crashed) void exporter.shutdown(AbortSignal.abort());
    await this.lapi.stop();
  }

  #sleepIn(process: Process): Sleep {
    return async (ms, signal) => {
      process.sleeping++;
      await this.time.sleep(ms, signal);
      process.sleeping--;
      if (process.dead && !signal?.aborted) await new Promise(() => {});
    };
  }

  get warnings(): string[] {
    return this.lines.filter(({ level }) => level === 'warn' || level === 'error').map(({ message }) => message);
  }

  #context(provider: ReturnType<typeof createMeterProvider>, trustedClock: TrustedClock): ExporterContext {
    return {
      id: 'crowdsec',
      logger: this.#logger(),
      clock: this.time,
      trustedClock,
      meter: provider.getMeter('couic-otel-bridge/exporter/crowdsec'),
      events: this.events,
      health: this.health,
      connections: new ConnectionBudget(),
      carried: new Carried(),
      version: '1.2.3',
      producer: ({ instances = this.instances } = {}) => joined([this.ledger.producer(instances), ...this.producers]),
      sources: (instances = this.instances) => [...instances, ...this.receivers],
      resource: () => provider.resource(),
      acts: () => true,
      has: (signal) => signal === 'metrics',
      eventFeed: () => {
        throw new Error('no events in this test');
      },
      beforeForgetting: (listener) => this.ledger.beforeForgetting(listener),
      attach: (fold) => {
        this.store.attach('exporter/crowdsec', fold);
        return this.store.topic('exporter/crowdsec');
      },
    };
  }

  #logger(): Logger {
    const write = (text: string) => {
      const { level, msg } = JSON.parse(text);
      this.lines.push({ level: pino.levels.labels[level] as LogLine['level'], message: msg, text });
    };
    return pino({ level: 'debug' }, { write });
  }
}

function joined(producers: readonly MetricProducer[]): MetricProducer {
  return {
    async collect() {
      const results = await Promise.all(producers.map((producer) => producer.collect()));
      const scopeMetrics = results.flatMap(({ resourceMetrics }) => resourceMetrics.scopeMetrics);
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };
}

/** A host with its LAPI for each test of a file, stopped after it. @param use - is given the new one. */
export function eachHost(use: (host: Host) => void): void {
  let host: Host;
  beforeEach(async () => {
    host = new Host();
    await host.lapi.start();
    use(host);
  });
  afterEach(async () => {
    await host.stop();
    await host.close();
  });
}
