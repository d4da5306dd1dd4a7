import { emptyResource } from '@opentelemetry/resources';
import { type Logger, pino } from 'pino';
import { schema } from '../../../../plugins/exporters/crowdsec/config.ts';
import { CrowdSecExporter } from '../../../../plugins/exporters/crowdsec/crowdsec-exporter.ts';
import type { ExporterContext } from '../../../../src/component.ts';
import { BridgeEvents } from '../../../../src/events.ts';
import { Health } from '../../../../src/health.ts';
import type { BridgeLedger } from '../../../../src/ledger/bridge-ledger.ts';
import { createMeterProvider } from '../../../../src/telemetry/meter-provider.ts';
import { FakeTime } from '../../../support/fake-time.ts';
import { LapiServer } from '../../../support/lapi/server.ts';
import { bodyOf, newLedger, pieces, type TestReport } from '../../../support/ledger.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
}

/** A host with a bridge that can be started, killed and started again, and a LAPI. */
export class Host {
  readonly time = new FakeTime();
  readonly events = new BridgeEvents();
  readonly lines: LogLine[] = [];
  readonly log: { name: string; record: Uint8Array }[] = [];
  readonly health = new Health();
  readonly lapi: LapiServer;
  instances: readonly string[] = ['couic'];
  store = new MemoryStore();
  ledger!: BridgeLedger;
  crowdsec!: CrowdSecExporter;

  constructor(lapi?: LapiServer) {
    this.lapi = lapi ?? new LapiServer({ now: () => this.time.now() });
  }

  /** Starts a bridge over whatever earlier ones left. @param config - as in the YAML file. */
  async start(config: object = {}): Promise<this> {
    this.store = new MemoryStore(this.log);
    const { ledger } = newLedger(this.store, this.time);
    this.ledger = ledger;
    const provider = createMeterProvider({ resource: emptyResource(), version: '0.0.0' });
    const options = { endpoint: this.lapi.url, api_key: 'test-key', heartbeat: false, ...config };
    this.crowdsec = new CrowdSecExporter(this.#context(provider), schema.parse(options), {
      sleep: this.time.sleep,
      random: () => 0.5,
    });
    await this.store.load();
    provider.register([this.crowdsec.reader]);
    await ledger.start();
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

  get warnings(): string[] {
    return this.lines.filter(({ level }) => level === 'warn' || level === 'error').map(({ message }) => message);
  }

  #context(provider: ReturnType<typeof createMeterProvider>): ExporterContext {
    return {
      id: 'crowdsec',
      logger: this.#logger(),
      clock: this.time,
      meter: provider.getMeter('couic-otel-bridge/exporter/crowdsec'),
      events: this.events,
      health: this.health,
      version: '1.2.3',
      producer: (instances) => this.ledger.producer(instances ?? this.instances),
      instances: () => this.instances,
      attach: (fold) => this.store.attach('exporter/crowdsec', fold),
    };
  }

  #logger(): Logger {
    const write = (text: string) => {
      const { level, msg } = JSON.parse(text);
      this.lines.push({ level: pino.levels.labels[level] as LogLine['level'], message: msg });
    };
    return pino({ level: 'debug' }, { write });
  }
}
