import type { Meter } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { counter } from '../telemetry/instruments.ts';
import { ATTR } from '../telemetry/names.ts';
import { DELIVERY_METRICS } from './metrics.ts';
import type { Outcome } from './outcome.ts';
import { TroubleLog } from './trouble-log.ts';

/** Told what becomes of bodies. */
export interface DeliveryObserver {
  sent(): void;
  /** An attempt failed. */
  failed(outcome: Exclude<Outcome, { kind: 'success' }>): void;
  /** A body will not be sent any more. */
  dropped(reason: string, message: string): void;
}

/** How delivery does. */
interface DeliveryState {
  /** When something was taken last, ms since the epoch; null for never in this process. */
  readonly lastSuccess: number | null;
  /** What the last attempt failed with, and what to do; null when it did not. */
  readonly trouble: string | null;
}

interface DeliveryObserverOptions {
  /** Id of the exporter. */
  readonly exporter: string;
  readonly meter: Meter;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Counts deliveries in the bridge's own metrics, and logs when it begins and when it stops to fail: not each attempt. */
export function deliveryObserver({
  exporter,
  meter,
  logger,
  clock,
}: DeliveryObserverOptions): DeliveryObserver & { readonly state: DeliveryState } {
  const sent = counter(meter, DELIVERY_METRICS.sentRequests);
  const failed = counter(meter, DELIVERY_METRICS.sendFailedRequests);
  const dropped = counter(meter, DELIVERY_METRICS.droppedRequests);
  const own = { [ATTR.exporter]: exporter };
  const trouble = new TroubleLog({ what: 'Metrics', logger, clock });
  return {
    get state() {
      return { lastSuccess: trouble.lastSuccess, trouble: trouble.now?.message ?? null };
    },
    sent() {
      sent.add(1, own);
      trouble.ended('requests');
    },
    failed({ reason, message }) {
      failed.add(1, { ...own, [ATTR.reason]: reason });
      trouble.failed(reason, message);
    },
    dropped(reason, message) {
      dropped.add(1, { ...own, [ATTR.reason]: reason });
      trouble.dropped(1);
      logger.debug({ reason }, `A request with metrics was dropped: ${message}`);
    },
  };
}
