import { type MetricData, MetricReader } from '@opentelemetry/sdk-metrics';
import { pino } from 'pino';
import { RECEIVER_METRICS } from '../../plugins/receivers/couic/metrics.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { BridgeEvents } from '../../src/events/bridge-events.ts';
import { ConnectionBudget } from '../../src/http/connection-budget.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { TrustedClock } from '../../src/ledger/trusted-clock.ts';
import { Carried } from '../../src/service/carried.ts';
import type { ReceiverContext } from '../../src/service/component.ts';
import { Health } from '../../src/telemetry/health.ts';
import { createMeterProvider } from '../../src/telemetry/meter-provider.ts';
import { createResource } from '../../src/telemetry/resource.ts';

/** What a receiver is given, with what it logs and measures in reach. */
export interface TestContext extends ReceiverContext {
  /** Logged objects, oldest first. */
  readonly lines: readonly Record<string, unknown>[];
  /** Messages logged, oldest first. */
  messages(): unknown[];
  /** Everything logged, as text. */
  readonly logText: () => string;
  /** The data points of one metric of the component, as `[attributes, value]`. */
  points(name: string): Promise<[Record<string, unknown>, unknown][]>;
}

class CollectingReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

export function receiverContext(ledger: Ledger, options: { id?: string; clock?: Clock } = {}): TestContext {
  const { clock = systemClock } = options;
  const lines: Record<string, unknown>[] = [];
  const provider = createMeterProvider({
    resource: createResource({ version: '0.0.0', instanceId: 'test' }),
    version: '0.0.0',
    metrics: Object.values(RECEIVER_METRICS),
  });
  const reader = new CollectingReader();
  const meter = provider.getMeter('couic-otel-bridge/receiver/test');
  provider.register([reader]);
  return {
    id: options.id ?? 'couic',
    logger: pino({ level: 'debug', base: null }, { write: (line) => void lines.push(JSON.parse(line)) }),
    clock,
    trustedClock: new TrustedClock(clock),
    meter,
    events: new BridgeEvents(),
    carried: new Carried(),
    health: new Health(),
    connections: new ConnectionBudget(Number.POSITIVE_INFINITY),
    version: '0.0.0',
    ledger,
    attach: () => {
      throw new Error('no log in this test');
    },
    lines,
    messages: () => lines.map(({ msg }) => msg),
    logText: () => lines.map((line) => JSON.stringify(line)).join('\n'),
    async points(name) {
      const { resourceMetrics, errors } = await reader.collect();
      if (errors.length > 0) throw errors[0];
      const metric = resourceMetrics.scopeMetrics
        .flatMap(({ metrics }): MetricData[] => metrics)
        .find(({ descriptor }) => descriptor.name === name);
      return (metric?.dataPoints ?? []).map(({ attributes, value }) => [attributes, value]);
    },
  };
}
