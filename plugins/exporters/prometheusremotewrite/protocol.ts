import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Logger } from 'pino';
import { compress } from 'snappy';
import type { Clock } from '../../../src/clock.ts';
import type { PushProtocol } from '../../../src/delivery/push-exporter.ts';
import type { RemoteWriteConfig } from './config.ts';
import { WriteRequests } from './write-requests.ts';

export interface RemoteWriteContext {
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'now'>;
}

/** A smaller step back is passed over. */
const CLOCK_STEP_MS = 5000;

/** Remote write 1.0. @see https://prometheus.io/docs/specs/prw/remote_write_spec/ */
export function remoteWriteProtocol(config: RemoteWriteConfig, { logger, clock }: RemoteWriteContext): PushProtocol {
  const dropped = new Set<string>();
  const requests = new WriteRequests({
    strategy: config.translation_strategy,
    namespace: config.namespace,
    externalLabels: Object.entries(config.external_labels),
    withoutScopeInfo: config.without_scope_info,
    resourceLabels: config.resource_to_telemetry_conversion.enabled,
    metadata: config.send_metadata,
    maxBytes: config.max_batch_size_bytes,
    onDropped(metric, reason) {
      if (!dropped.has(metric)) logger.warn(`Metric ${metric} is not sent: ${reason}`);
      dropped.add(metric);
    },
  });
  let last = 0;
  /** A receiver refuses a sample that is not newer than what it has: so the time of samples never goes back. */
  const next = (now: number): number | undefined => {
    if (now <= last - CLOCK_STEP_MS) {
      logger.warn(
        `The clock went back: no samples for ${Math.ceil((last - now) / 1000)} s, which a receiver would refuse`,
      );
      return undefined;
    }
    last = Math.max(now, last + 1);
    return last;
  };
  return {
    url: config.endpoint,
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    retryable: (status) => status === 429 || status >= 500,
    async *encode(metrics: ResourceMetrics) {
      const timestamp = next(clock.now());
      if (timestamp === undefined) return;
      for await (const request of requests.of(metrics, timestamp)) yield compress(request);
    },
  };
}
