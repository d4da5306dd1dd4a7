import type { Meter } from '@opentelemetry/api';
import type { Clock } from '../../../src/clock.ts';
import { counter, observableGauge } from '../../../src/telemetry/instruments.ts';
import { ATTR } from '../../../src/telemetry/names.ts';
import type { WindowEvents } from './events.ts';
import { WINDOW_METRICS } from './metrics.ts';
import type { WindowObserver } from './observer.ts';
import type { Outbox } from './outbox.ts';

interface BridgeObserverOptions {
  readonly exporter: string;
  readonly meter: Meter;
  readonly events: WindowEvents;
}

/** What became of windows, as the bridge's own metrics and events. */
export function bridgeObserver({ exporter, meter, events }: BridgeObserverOptions): WindowObserver {
  const sent = counter(meter, WINDOW_METRICS.sentWindows);
  const failed = counter(meter, WINDOW_METRICS.sendFailedWindows);
  const quarantined = counter(meter, WINDOW_METRICS.quarantinedWindows);
  const dropped = counter(meter, WINDOW_METRICS.droppedWindows);
  const own = { [ATTR.exporter]: exporter };
  return {
    sealed({ number, items }) {
      events.emit('crowdsec.sealed', { exporter, window: number, items });
    },
    sent({ number }) {
      sent.add(1, own);
      events.emit('crowdsec.sent', { exporter, window: number });
    },
    sendFailed: (reason) => failed.add(1, { ...own, [ATTR.reason]: reason }),
    quarantined: () => quarantined.add(1, own),
    dropped: (reason) => dropped.add(1, { ...own, [ATTR.reason]: reason }),
  };
}

/** Gauges of the outbox, read at each collection. */
export function observeOutbox(exporter: string, meter: Meter, outbox: Outbox, clock: Clock): void {
  const own = { [ATTR.exporter]: exporter };
  observableGauge(meter, WINDOW_METRICS.queueSize).addCallback((result) => result.observe(outbox.size, own));
  observableGauge(meter, WINDOW_METRICS.oldestWindowAge).addCallback((result) => {
    const { oldest } = outbox;
    result.observe(oldest ? Math.max(0, clock.now() - oldest.sealedAt) / 1000 : 0, own);
  });
  observableGauge(meter, WINDOW_METRICS.lastSentTimestamp).addCallback((result) => {
    if (outbox.lastSentAt !== undefined) result.observe(outbox.lastSentAt / 1000, own);
  });
}
