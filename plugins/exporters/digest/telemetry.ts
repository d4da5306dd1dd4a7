import type { Meter } from '@opentelemetry/api';
import { counter, observableGauge } from '../../../src/telemetry/instruments.ts';
import { ATTR } from '../../../src/telemetry/names.ts';
import { DIGEST_METRICS } from './metrics.ts';
import type { Fate } from './records.ts';

/** Counts what becomes of digests. */
export interface DigestTelemetry {
  /** Makes the counters known at zero, so that the first one shows as an increase. From `start()` on. */
  begin(): void;
  done(notifier: string, fate: Fate): void;
  failed(notifier: string, reason: string): void;
}

interface DigestTelemetryOptions {
  /** Id of the exporter. */
  readonly exporter: string;
  readonly meter: Meter;
  /** Their ids. */
  readonly notifiers: readonly string[];
  waiting(notifier: string): number;
}

export function digestTelemetry({ exporter, meter, notifiers, waiting }: DigestTelemetryOptions): DigestTelemetry {
  const own = (notifier: string) => ({ [ATTR.exporter]: exporter, [ATTR.notifier]: notifier });
  const sent = counter(meter, DIGEST_METRICS.sent);
  const failed = counter(meter, DIGEST_METRICS.sendFailed);
  const dropped = counter(meter, DIGEST_METRICS.dropped);
  observableGauge(meter, DIGEST_METRICS.waiting).addCallback((result) => {
    for (const notifier of notifiers) result.observe(waiting(notifier), own(notifier));
  });
  return {
    begin() {
      for (const notifier of notifiers) sent.add(0, own(notifier));
    },
    done(notifier, fate) {
      if (fate === 'sent') sent.add(1, own(notifier));
      else dropped.add(1, { ...own(notifier), [ATTR.reason]: fate });
    },
    failed: (notifier, reason) => failed.add(1, { ...own(notifier), [ATTR.reason]: reason }),
  };
}
