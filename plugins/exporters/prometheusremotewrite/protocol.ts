import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Logger } from 'pino';
import { compress } from 'snappy';
import type { Clock } from '../../../src/clock.ts';
import type { PushProtocol } from '../../../src/delivery/push-exporter.ts';
import type { RemoteWriteConfig } from './config.ts';
import { WriteRequests } from './write-requests.ts';

interface RemoteWriteContext {
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'now'>;
}

/** A smaller step back is passed over. */
const CLOCK_STEP_MS = 5000;
/** Prometheus takes no sample that is further ahead of its own clock: what was sent by a clock that was, it has not. */
const FURTHEST_AHEAD_MS = 600_000;

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
  let isWaiting = false;
  /**
   * A receiver refuses a sample that is not newer than what it has: so the time of samples does not go back, but where the
   * clock had been so far ahead that waiting for it would be worse.
   */
  const next = (now: number): number | undefined => {
    const back = last - now;
    const seconds = Math.ceil(back / 1000);
    if (back > FURTHEST_AHEAD_MS) {
      logger.warn(`The clock went back by ${seconds} s: samples go on by it, and whoever took later ones refuses them`);
      last = now;
    } else if (back >= CLOCK_STEP_MS) {
      if (!isWaiting) logger.warn(`The clock went back: no samples for ${seconds} s, which a receiver would refuse`);
      isWaiting = true;
      return undefined;
    } else {
      last = Math.max(now, last + 1);
    }
    isWaiting = false;
    return last;
  };
  return {
    url: config.endpoint,
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    nothing: () => compress(''),
    retryable: (status) => status === 429 || status >= 500,
    async *encode(metrics: ResourceMetrics) {
      const timestamp = next(clock.now());
      if (timestamp === undefined) return;
      for await (const request of requests.of(metrics, timestamp)) yield compress(request);
    },
  };
}
