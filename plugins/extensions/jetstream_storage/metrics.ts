import type { MetricDefinition } from '../../../src/telemetry/metric-definition.ts';

/** How this bridge does with a log that several may share. */
export const LOG_METRICS = {
  lease: {
    name: 'couic.bridge.log.lease',
    kind: 'gauge',
    unit: '{bridge}',
    description:
      'Whether this bridge has the lease of the log: 1 on the one that does what only one may, 0 on the others.',
    details: 'The sum over all bridges of a log is 1, but for the seconds in which it moves.',
    attributes: [],
  },
  writable: {
    name: 'couic.bridge.log.writable',
    kind: 'gauge',
    unit: '{bridge}',
    description: 'Whether this bridge can write to the log: 1, or 0 while reports are answered with 503.',
    details: '`health_check` says why not.',
    attributes: [],
  },
  silence: {
    name: 'couic.bridge.log.silence',
    kind: 'gauge',
    unit: 's',
    description: 'Time since this bridge has heard of the log last.',
    details: 'The server says something every second. While it is silent, the totals of this bridge stand still.',
    attributes: [],
  },
  size: {
    name: 'couic.bridge.log.size',
    kind: 'gauge',
    unit: 'By',
    description: 'What the stream of the log holds.',
    details: 'Asked for every 10 s.',
    attributes: [],
  },
  limit: {
    name: 'couic.bridge.log.limit',
    kind: 'gauge',
    unit: 'By',
    description: 'What the stream of the log may hold: `max_bytes`.',
    attributes: [],
  },
} as const satisfies Record<string, MetricDefinition<'gauge'>>;
