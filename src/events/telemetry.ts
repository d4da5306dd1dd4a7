import type { Meter } from '@opentelemetry/api';
import { counter, observableGauge } from '../telemetry/instruments.ts';
import { ATTR, OTHER } from '../telemetry/names.ts';
import { EVENT_METRICS } from './metrics.ts';

/** Reasons that are told apart: they are the other side's words. */
const MOST_REASONS = 20;

/** Counts what becomes of events. */
export interface EventTelemetry {
  /** Makes the counters known at zero, so that the first event shows as an increase. From `start()` on. */
  begin(): void;
  sent(events: number): void;
  refused(events: number, reason: string): void;
  /** Given up, its time being over. */
  dropped(events: number): void;
  /** Taken by the bounds of the queue. */
  droppedEntries(entries: number): void;
  failed(reason: string): void;
}

interface EventTelemetryOptions {
  /** Id of the exporter. */
  readonly exporter: string;
  readonly meter: Meter;
  /** Entries of the log that were not passed yet. */
  entries(): number;
  /** Seconds. */
  oldestAge(): number;
}

export function eventTelemetry({ exporter, meter, entries, oldestAge }: EventTelemetryOptions): EventTelemetry {
  const own = { [ATTR.exporter]: exporter };
  const [sent, refused] = [counter(meter, EVENT_METRICS.sentEvents), counter(meter, EVENT_METRICS.refusedEvents)];
  const reasons = new Set<string>();
  const dropped = counter(meter, EVENT_METRICS.droppedEvents);
  const droppedEntries = counter(meter, EVENT_METRICS.droppedEventEntries);
  const failed = counter(meter, EVENT_METRICS.sendFailedEvents);
  observableGauge(meter, EVENT_METRICS.eventQueueEntries).addCallback((result) => result.observe(entries(), own));
  observableGauge(meter, EVENT_METRICS.oldestEventAge).addCallback((result) => result.observe(oldestAge(), own));
  return {
    begin() {
      for (const known of [sent, dropped, droppedEntries]) known.add(0, own);
    },
    sent: (events) => sent.add(events, own),
    refused(events, reason) {
      if (reasons.size < MOST_REASONS) reasons.add(reason);
      refused.add(events, { ...own, [ATTR.reason]: reasons.has(reason) ? reason : OTHER });
    },
    dropped: (events) => dropped.add(events, own),
    droppedEntries: (entries) => droppedEntries.add(entries, own),
    failed: (reason) => failed.add(1, { ...own, [ATTR.reason]: reason }),
  };
}
