import type { Meter } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { counter } from '../telemetry/instruments.ts';
import { ATTR, BRIDGE_METRICS } from '../telemetry/names.ts';
import type { Outcome } from './outcome.ts';

/** Told what becomes of bodies. */
export interface DeliveryObserver {
  sent(): void;
  /** An attempt failed. */
  failed(outcome: Exclude<Outcome, { kind: 'success' }>): void;
  /** A body will not be sent any more. */
  dropped(reason: string, message: string): void;
}

interface DeliveryObserverOptions {
  /** Id of the exporter. */
  readonly exporter: string;
  readonly meter: Meter;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** A reminder while it goes on failing, in ms. */
const REMINDER = 3_600_000;

/** Counts deliveries in the bridge's own metrics, and logs when it begins and when it stops to fail: not each attempt. */
export function deliveryObserver({ exporter, meter, logger, clock }: DeliveryObserverOptions): DeliveryObserver {
  const sent = counter(meter, BRIDGE_METRICS.sentRequests);
  const failed = counter(meter, BRIDGE_METRICS.sendFailedRequests);
  const dropped = counter(meter, BRIDGE_METRICS.droppedRequests);
  const own = { [ATTR.exporter]: exporter };
  let bad: { reason: string; said: number; since: number; dropped: number } | undefined;
  return {
    sent() {
      sent.add(1, own);
      if (!bad) return;
      const seconds = Math.round((clock.monotonic() - bad.since) / 1000);
      logger.info(`Metrics are sent again after ${seconds} s; ${bad.dropped} requests were dropped meanwhile`);
      bad = undefined;
    },
    failed({ reason, message }) {
      failed.add(1, { ...own, [ATTR.reason]: reason });
      const now = clock.monotonic();
      if (bad?.reason === reason && now - bad.said < REMINDER) {
        logger.debug({ reason }, message);
        return;
      }
      bad = { since: now, dropped: 0, ...bad, reason, said: now };
      logger.warn({ reason }, `Metrics are not sent: ${message}`);
    },
    dropped(reason, message) {
      dropped.add(1, { ...own, [ATTR.reason]: reason });
      if (bad) bad.dropped++;
      logger.debug({ reason }, `A request with metrics was dropped: ${message}`);
    },
  };
}
