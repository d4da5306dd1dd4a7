import type { MetricDefinition } from '../telemetry/metric-definition.ts';
import { ATTR } from '../telemetry/names.ts';

/** Of every exporter of events. */
export const EVENT_METRICS = {
  sentEvents: {
    name: 'couic.bridge.events.sent',
    kind: 'counter',
    unit: '{event}',
    description: 'Events that the other side took.',
    attributes: [ATTR.exporter],
  },
  refusedEvents: {
    name: 'couic.bridge.events.refused',
    kind: 'counter',
    unit: '{event}',
    description: 'Events that the other side refused for good, by reason; `events refused` shows the newest.',
    details: "The reason is the other side's own word for the first twenty, `_OTHER` after.",
    attributes: [ATTR.exporter, ATTR.reason],
  },
  droppedEvents: {
    name: 'couic.bridge.events.dropped',
    kind: 'counter',
    unit: '{event}',
    description: 'Events that were given up after `retry_on_failure.max_elapsed_time`.',
    details: 'Never, by default.',
    attributes: [ATTR.exporter],
  },
  droppedEventEntries: {
    name: 'couic.bridge.events.dropped_entries',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries of the log that the bounds of `queue` took before their events were sent.',
    details: 'An entry holds up to 4,096 events.',
    attributes: [ATTR.exporter],
  },
  sendFailedEvents: {
    name: 'couic.bridge.events.send_failed',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to send events that failed and will be made again, by reason.',
    attributes: [ATTR.exporter, ATTR.reason],
  },
  eventQueueEntries: {
    name: 'couic.bridge.events.queue_entries',
    kind: 'gauge',
    unit: '{entry}',
    description: 'Entries of the log after the last one whose events were all sent.',
    details: 'Those that tell no event are among them, so a few hundred are no backlog.',
    attributes: [ATTR.exporter],
  },
  oldestEventAge: {
    name: 'couic.bridge.events.oldest_event_age',
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest event that is being sent; 0 when none waits.',
    attributes: [ATTR.exporter],
  },
} as const satisfies Record<string, MetricDefinition>;
