import type { Meter } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { type CollectionResult, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { DeferredMeter } from './deferred-meter.ts';
import type { MetricDefinition } from './metric-definition.ts';
import { ATTR } from './names.ts';
import { viewsOf } from './views.ts';

/** The instruments of one component, which is asked for them from `begin` to `end`. */
export interface ComponentMeter {
  readonly meter: Meter;
  begin(): void;
  /** What it counted stays. Safe without `begin()`, and twice. */
  end(): void;
}

export interface BridgeMeterProvider {
  /** The meter of one scope (`couic-otel-bridge/exporter/prometheus`). Works before `register`; nothing is measured until then. */
  getMeter(scope: string): Meter;
  componentMeter(scope: string): ComponentMeter;
  /** Hands over the first readers, once, before anything starts, and begins to measure. */
  register(readers: readonly MetricReader[]): void;
  /**
   * Hands over one more. A reader is ended by its exporter, in the service's order, and so the provider itself has nothing
   * to shut down.
   */
  add(reader: MetricReader, of?: Measured): void;
  /** What there is of these exporters is shown no more: they are gone. */
  hide(exporters: ReadonlySet<string>): void;
  /** What is measured. Once the store was loaded. */
  resource(of?: Measured): Resource;
}

/** This process's bridge, or, for what one of several bridges tells of all of them, the log. */
export type Measured = 'bridge' | 'log';

interface MeterProviderOptions {
  /** What is measured. A function is asked at each collection: the store knows `service.instance.id` only once it was loaded. */
  resource: Resource | ((of: Measured) => Resource);
  /** Version of every scope: the bridge's. */
  version: string;
  /** All that may be measured: what is not among them has the SDK's buckets, and whatever attributes it is given. */
  metrics: readonly MetricDefinition[];
}

/**
 * The one MeterProvider of the service. The SDK's takes its readers in its constructor, while a component that has a
 * reader is created with a meter in hand, and exporters come and go while the bridge runs: so meters given out before
 * `register` forward to the real ones after it, and the SDK knows one reader, by which all others read.
 */
export function createMeterProvider({ resource, version, metrics }: MeterProviderOptions): BridgeMeterProvider {
  const deferred = new Map<string, DeferredMeter>();
  const reader = new CommonReader();
  let sdk: MeterProvider | undefined;
  let hidden: ReadonlySet<string> = new Set();

  const collectOf =
    (of: Measured) =>
    async (options?: { timeoutMillis?: number }): Promise<CollectionResult> => {
      const { resourceMetrics, errors } = await reader.collect(options);
      const scopeMetrics = hidden.size === 0 ? resourceMetrics.scopeMetrics : without(resourceMetrics, hidden);
      return { resourceMetrics: { resource: measured(of), scopeMetrics }, errors };
    };
  const measured = (of: Measured = 'bridge') => (typeof resource === 'function' ? resource(of) : resource);

  return {
    resource: measured,
    getMeter(scope) {
      if (sdk) return sdk.getMeter(scope, version);
      const meter = deferred.get(scope) ?? new DeferredMeter();
      deferred.set(scope, meter);
      return meter;
    },
    componentMeter(scope) {
      const meter = new DeferredMeter();
      return { meter, begin: () => sdk && meter.bind(sdk.getMeter(scope, version)), end: () => meter.unbind() };
    },
    register(readers) {
      if (sdk) throw new Error('metric readers were registered already');
      sdk = new MeterProvider({ readers: [reader], views: viewsOf(metrics) });
      for (const each of readers) each.setMetricProducer({ collect: collectOf('bridge') });
      for (const [scope, meter] of deferred) meter.bind(sdk.getMeter(scope, version));
    },
    add: (another, of = 'bridge') => another.setMetricProducer({ collect: collectOf(of) }),
    hide(exporters) {
      hidden = exporters;
    },
  };
}

/** Everything that the bridge exports is cumulative: one collection is as good for one reader as for another. */
class CommonReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

type ScopeMetrics = CollectionResult['resourceMetrics']['scopeMetrics'];

function without({ scopeMetrics }: CollectionResult['resourceMetrics'], exporters: ReadonlySet<string>): ScopeMetrics {
  return scopeMetrics.map(({ scope, metrics }) => ({
    scope,
    metrics: metrics.map((metric) => ({
      ...metric,
      // biome-ignore lint/suspicious/noExplicitAny: points of one metric are of one of four types, and stay so
      dataPoints: (metric.dataPoints as any[]).filter(({ attributes }) => !exporters.has(attributes[ATTR.exporter])),
    })),
  }));
}
