import type { Attributes } from '@opentelemetry/api';
import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import { type Clock, systemClock } from '../../src/clock.ts';
import { BridgeEvents } from '../../src/events/bridge-events.ts';
import { ConnectionBudget } from '../../src/http/connection-budget.ts';
import { TrustedClock } from '../../src/ledger/trusted-clock.ts';
import type { BridgeView } from '../../src/service/bridge-view.ts';
import { Carried } from '../../src/service/carried.ts';
import type { ExporterContext } from '../../src/service/component.ts';
import { ownMetrics } from '../../src/service/own-metrics.ts';
import { Health } from '../../src/telemetry/health.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { type BridgeMeterProvider, createMeterProvider } from '../../src/telemetry/meter-provider.ts';
import { createResource } from '../../src/telemetry/resource.ts';

export const VERSION = '1.2.3';

export interface TestContext extends ExporterContext {
  /** For extensions: a bridge that has nothing to show. */
  readonly bridge: BridgeView;
  readonly provider: BridgeMeterProvider;
  /** Log lines so far, as `level message`. */
  readonly logged: string[];
}

export interface TestContextOptions {
  readonly id?: string;
  readonly producer?: MetricProducer;
  readonly clock?: Clock;
}

/** What the service gives a component, without the service. Register the exporter's reader with `provider`. */
export function exporterContext(options: TestContextOptions = {}): TestContext {
  const { id = 'prometheus', producer, clock = systemClock } = options;
  const logged: string[] = [];
  const provider = createMeterProvider({
    resource: createResource({ version: VERSION, instanceId: 'bridge-1' }),
    version: VERSION,
    metrics: ownMetrics([]),
  });
  return {
    id,
    clock,
    trustedClock: new TrustedClock(clock),
    logger: createLogger({
      level: 'debug',
      encoding: 'json',
      destination: {
        write(line) {
          const { level, msg } = JSON.parse(line) as Attributes;
          logged.push(`${level} ${msg}`);
        },
      },
    }),
    logged,
    provider,
    meter: provider.getMeter(`couic-otel-bridge/exporter/${id}`),
    events: new BridgeEvents(),
    carried: new Carried(),
    health: new Health(),
    connections: new ConnectionBudget(Number.POSITIVE_INFINITY),
    bridge: emptyBridge,
    version: VERSION,
    sources: () => ['edge'],
    acts: () => true,
    resource: () => provider.resource(),
    producer: () => producer ?? { collect: () => Promise.reject(new Error('no producer in this test')) },
    beforeForgetting: () => {},
    has: (signal) => signal === 'metrics',
    eventFeed: () => {
      throw new Error('no log in this test');
    },
    attach: () => {
      throw new Error('no store in this test');
    },
  };
}

export const emptyBridge: BridgeView = {
  components: () => [],
  call: () => Promise.reject(new Error('nobody answers in this test')),
  newestEvents: async function* () {},
};

/** A deadline that is never reached. */
export const noDeadline = new AbortController().signal;
