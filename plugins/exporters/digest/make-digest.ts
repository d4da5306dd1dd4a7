import { type Digest, type InstanceDigest, levelOf } from './digest.ts';
import type { DropCounters } from './drop-counters.ts';
import { most, type Tally } from './tally.ts';

/** Of the Couics in a digest: the log takes no longer record than 1 MiB. */
const MOST_INSTANCES = 200;

interface DigestOptions {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly thresholds: { readonly orange: number; readonly red: number };
  readonly topTags: number;
  readonly topNetworks: number;
  /** What is told of a network; null for nothing. */
  readonly redact: (network: string) => string | null;
}

/** What is told of an interval. */
export function makeDigest(tally: Tally, drops: DropCounters, options: DigestOptions): Digest {
  const { id, from, to, thresholds, topTags, topNetworks, redact } = options;
  const networks = tally.networks();
  const names = new Set([...tally.instances.keys(), ...drops.instances]);
  const instances = Array.from(names, (name): InstanceDigest => {
    const own = tally.instances.get(name);
    return {
      name,
      total: own?.total ?? 0,
      distinct: own?.networks.size ?? 0,
      droppedPackets: drops.of(name),
    };
  }).sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
  const known = instances.flatMap(({ droppedPackets }) => droppedPackets ?? []);
  return {
    id,
    from,
    to,
    level: levelOf(tally.total, thresholds),
    total: tally.total,
    distinct: networks.size,
    distinctIsLeast: tally.isFull,
    tags: most(tally.tags, topTags),
    networks: topNetworks === 0 ? [] : most(redacted(networks, redact), topNetworks),
    droppedPackets: known.length === 0 ? null : known.reduce((sum, packets) => sum + packets, 0),
    instances: instances.slice(0, MOST_INSTANCES),
    isIncomplete: tally.isIncomplete,
  };
}

/** Several networks may be told as one. */
function redacted(
  networks: ReadonlyMap<string, number>,
  redact: (network: string) => string | null,
): ReadonlyMap<string, number> {
  const told = new Map<string, number>();
  for (const [network, count] of networks) {
    const text = redact(network);
    if (text !== null) told.set(text, (told.get(text) ?? 0) + count);
  }
  return told;
}
