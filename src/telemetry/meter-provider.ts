import type { Meter } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider, type MetricReader } from '@opentelemetry/sdk-metrics';
import { DeferredMeter } from './deferred-meter.ts';
import { BRIDGE_METRICS } from './names.ts';
import { viewsOf } from './views.ts';

export interface BridgeMeterProvider {
  /** The meter of one scope (`couic-otel-bridge/exporter/prometheus`). Works before `register`; nothing is measured until then. */
  getMeter(scope: string): Meter;
  /**
   * Hands over the readers of all exporters, once, before anything starts. A reader is ended by its exporter, in the
   * service's order, and so the provider itself has nothing to shut down.
   */
  register(readers: readonly MetricReader[]): void;
}

interface MeterProviderOptions {
  /** What is measured. A function is asked at `register`: the store knows `service.instance.id` only once it was loaded. */
  resource: Resource | (() => Resource);
  /** Version of every scope: the bridge's. */
  version: string;
}

/**
 * The one MeterProvider of the service. The SDK's takes its readers in its constructor, while a component that has a
 * reader is created with a meter in hand: so meters given out before `register` forward to the real ones after it.
 */
export function createMeterProvider({ resource, version }: MeterProviderOptions): BridgeMeterProvider {
  const deferred = new Map<string, DeferredMeter>();
  let sdk: MeterProvider | undefined;
  return {
    getMeter(scope) {
      if (sdk) return sdk.getMeter(scope, version);
      const meter = deferred.get(scope) ?? new DeferredMeter();
      deferred.set(scope, meter);
      return meter;
    },
    register(readers) {
      if (sdk) throw new Error('metric readers were registered already');
      const measured = typeof resource === 'function' ? resource() : resource;
      sdk = new MeterProvider({
        resource: measured,
        readers: [...readers],
        views: viewsOf(Object.values(BRIDGE_METRICS)),
      });
      for (const [scope, meter] of deferred) meter.bind(sdk.getMeter(scope, version));
    },
  };
}
