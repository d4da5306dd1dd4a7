import { emptyResource } from '@opentelemetry/resources';
import type { MetricProducer, MetricReader } from '@opentelemetry/sdk-metrics';
import { type DestinationStream, type Logger, pino } from 'pino';
import { z } from 'zod';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Fold, Log } from '../../src/log/log.ts';
import type {
  AnyFactory,
  Component,
  ExporterContext,
  ExporterFactory,
  ExtensionFactory,
  ReceiverFactory,
} from '../../src/service/component.ts';
import { Service } from '../../src/service/service.ts';
import type { ServiceLedger } from '../../src/service/service-ledger.ts';
import { Health } from '../../src/telemetry/health.ts';

/** Options of every fake component: what it does when it is started and ended. */
const behaviour = z.strictObject({
  instances: z.array(z.string()).default(['a']),
  start: z.enum(['works', 'fails', 'hangs']).default('works'),
  shutdown: z.enum(['works', 'fails', 'hangs', 'waits for the deadline']).default('works'),
  create: z.enum(['works', 'fails']).default('works'),
  asks_for: z.array(z.string()).optional(),
});

type Behaviour = z.output<typeof behaviour>;

/** A service of components that do nothing but write down what is done with them. */
export class FakeService {
  readonly events: string[] = [];
  readonly log: string[] = [];
  readonly health = new Health();
  readonly producers: Record<string, MetricProducer> = {};
  readonly contexts: Record<string, ExporterContext> = {};
  readonly attached: string[] = [];
  readonly detached: string[] = [];
  readonly registered: MetricReader[] = [];
  /** Lets a start that hangs go on. */
  release: () => void = () => {};
  readonly #released = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  build(yaml: string): Promise<Service> {
    const { config } = loadConfig({
      configs: ['test.yaml'],
      sets: [],
      env: {},
      readFile: () => yaml,
      factories: this.factories,
    });
    return Service.create({
      config,
      logger: this.logger,
      clock: systemClock,
      version: '1.2.3',
      metrics: [],
      health: this.health,
      createLedger: ({ limits }) => this.#ledger(limits),
    });
  }

  /** Names of what an exporter's producer gives; the metrics of the fake ledger are of a scope of that name. */
  async given(exporter: string): Promise<string[] | undefined> {
    const collected = await this.producers[exporter]?.collect();
    return collected?.resourceMetrics.scopeMetrics.map(({ scope }) => scope.name);
  }

  get logger(): Logger {
    const lines: DestinationStream = { write: (line) => void this.log.push(JSON.parse(line).msg) };
    return pino({ base: null }, lines);
  }

  get factories(): readonly AnyFactory[] {
    const receiver: ReceiverFactory<Behaviour> = {
      kind: 'receiver',
      type: 'source',
      summary: 'is there for tests',
      stability: 'beta',
      schema: behaviour,
      create: ({ id, ledger }, config) => ({
        ...this.#component(id, config),
        metrics: { source: ledger, names: config.instances },
        tellsOf: config.instances,
      }),
    };
    const exporter: ExporterFactory<Behaviour> = {
      kind: 'exporter',
      type: 'sink',
      aliases: ['drain'],
      summary: 'is there for tests',
      stability: 'beta',
      schema: behaviour,
      create: (context, config) => this.#exporter(context, config),
    };
    const storage: ExtensionFactory<Behaviour> = {
      kind: 'extension',
      type: 'storage',
      summary: 'is there for tests',
      stability: 'beta',
      schema: behaviour,
      create: ({ id }, config) => ({ ...this.#component(id, config), log: this.#log() }),
    };
    const extension: ExtensionFactory<Behaviour> = {
      kind: 'extension',
      type: 'beside',
      summary: 'is there for tests',
      stability: 'beta',
      schema: behaviour,
      create: ({ id }, config) => this.#component(id, config),
    };
    return [receiver, exporter, storage, extension];
  }

  #component(id: string, config: Behaviour): Component {
    if (config.create === 'fails') throw new Error('does not like this');
    return {
      start: async () => {
        this.events.push(`start ${id}`);
        if (config.start === 'fails') throw new Error('the port is taken');
        if (config.start === 'hangs') await this.#released;
      },
      shutdown: async (deadline) => {
        this.events.push(`shutdown ${id}`);
        if (config.shutdown === 'fails') throw new Error('lost it');
        if (config.shutdown === 'hangs') await new Promise(() => {});
        if (config.shutdown === 'waits for the deadline' && !deadline.aborted) {
          await new Promise((resolve) => deadline.addEventListener('abort', resolve));
          this.events.push(`deadline ${id}`);
        }
      },
    };
  }

  #exporter(context: ExporterContext, config: Behaviour) {
    this.contexts[context.id] = context;
    const producer = context.producer({ instances: config.asks_for });
    this.producers[context.id] = producer;
    context.attach({} as Fold);
    // The part of a reader that a MeterProvider touches when it takes it.
    const reader = {
      setMetricProducer: () => void this.registered.push(reader),
      selectAggregation: () => {},
    } as unknown as MetricReader;
    return { ...this.#component(context.id, config), reader };
  }

  #ledger(limits: { tags: number; kinds: number }): ServiceLedger {
    this.events.push(`ledger with ${limits.tags} tags`);
    return {
      operations: {},
      start: async () => void this.events.push('start ledger'),
      lead: async () => {},
      stop: async () => void this.events.push('stop ledger'),
      producer: (instances) => ({
        collect: async () => ({
          resourceMetrics: {
            resource: emptyResource(),
            scopeMetrics: instances.map((name) => ({ scope: { name }, metrics: [] })),
          },
          errors: [],
        }),
      }),
      ingest: () => Promise.reject(new Error('fakes take no reports')),
      quarantined: () => [],
      limits: () => [],
      recordTraffic: async () => ({ restarted: false }),
      reconcile: () => Promise.reject(new Error('fakes compare no rules')),
      setUp: () => {},
      beforeForgetting: () => () => {},
      change: async ({ limits: changed }) => void this.events.push(`ledger with ${changed.tags} tags`),
      ruleCounts: () => ({ drop: 0, ignore: 0 }),
      hasReported: () => false,
      lastComparison: () => undefined,
    };
  }

  #log(): Log {
    return {
      identity: { logId: 'log-1', instanceId: 'id-1', createdAt: 0 },
      directory: undefined,
      attach: (name) => void this.attached.push(name),
      detach: (name) => void this.detached.push(name),
      topic: (name) => ({ name, last: 0, append: async () => 1 }),
      isCurrent: async () => true,
      extents: [],
      unfinished: async () => undefined,
      erase: () => Promise.reject(new Error('nothing is erased here')),
      release: () => {},
      settle: async () => {},
      reader: () => {
        throw new Error('nothing reads here');
      },
      read: () => {
        throw new Error('nothing reads here');
      },
      load: async () => {},
      close: async () => {},
    };
  }
}
