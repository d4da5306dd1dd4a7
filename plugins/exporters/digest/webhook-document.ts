import { isoTime } from '../../../src/events/formats/time.ts';
import type { Digest } from './digest.ts';
import type { About } from './notifier.ts';

/** Raised when a member changes its meaning or goes; new ones may come at any time. */
const VERSION = 1;

/** What is posted to a webhook; README.md has its members. */
export function webhookDocument(digest: Digest, { name, interval, thresholds }: About): object {
  const { id, from, to, level, total, distinct, distinctIsLeast, tags, networks, instances } = digest;
  return {
    version: VERSION,
    type: 'couic.digest',
    id,
    name,
    from: isoTime(from),
    to: isoTime(to),
    interval_seconds: interval / 1000,
    level,
    thresholds: { orange: thresholds.orange, red: thresholds.red },
    total,
    distinct_networks: distinct,
    distinct_networks_is_least: distinctIsLeast,
    top_tags: tags.map(([tag, count]) => ({ tag, count })),
    top_networks: networks.map(([network, count]) => ({ network, count })),
    dropped_packets: digest.droppedPackets,
    instances: instances.map((each) => ({
      name: each.name,
      total: each.total,
      distinct_networks: each.distinct,
      dropped_packets: each.droppedPackets,
    })),
    complete: !digest.isIncomplete,
  };
}

/** Of `digest test`. @param now - ms since the epoch. */
export function testDocument(id: string, { name, interval }: About, now: number): object {
  return { version: VERSION, type: 'couic.digest.test', id, name, at: isoTime(now), interval_seconds: interval / 1000 };
}
