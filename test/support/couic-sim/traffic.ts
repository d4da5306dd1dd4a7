import type { Policy } from './report.ts';

export interface Counter {
  packets: number;
  bytes: number;
}

export type XdpAction = (typeof XDP_ACTIONS)[number];

export const XDP_ACTIONS = ['XDP_REDIRECT', 'XDP_ABORTED', 'XDP_PASS', 'XDP_TX', 'XDP_DROP'] as const;
/** Tags that Couic counts for; the one that was used longest ago falls out. */
export const TRACKED_TAGS = 64;
const UNTAGGED = 'untagged';

/**
 * Couic's counters as its API shows them, since its start, beside what really flowed since the beginning: what the API
 * no longer shows (a tag that fell out, a restart) is in `truth` all the same.
 */
export class Traffic {
  readonly truth = { xdp: emptyXdp(), tags: { drop: new Map<string, Counter>(), ignore: new Map<string, Counter>() } };
  #xdp = emptyXdp();
  /** By use, the one that was used longest ago first. */
  #tags = { drop: new Map<string, Counter>(), ignore: new Map<string, Counter>() };

  /** Packets that no rule matched. */
  pass(packets: number, bytes: number, action: XdpAction = 'XDP_PASS'): void {
    add(this.#xdp[action], packets, bytes);
    add(this.truth.xdp[action], packets, bytes);
  }

  match(policy: Policy, tag: string | null, packets: number, bytes: number): void {
    this.pass(packets, bytes, policy === 'drop' ? 'XDP_DROP' : 'XDP_PASS');
    const name = tag ?? UNTAGGED;
    const tracked = this.#tags[policy];
    const counter = tracked.get(name) ?? { packets: 0, bytes: 0 };
    tracked.delete(name);
    tracked.set(name, counter);
    if (tracked.size > TRACKED_TAGS) tracked.delete(tracked.keys().next().value!);
    add(counter, packets, bytes);

    const all = this.truth.tags[policy];
    const total = all.get(name) ?? { packets: 0, bytes: 0 };
    add(total, packets, bytes);
    all.set(name, total);
  }

  /** The last rule with this tag is gone. */
  forget(policy: Policy, tag: string | null): void {
    this.#tags[policy].delete(tag ?? UNTAGGED);
  }

  restart(): void {
    this.#xdp = emptyXdp();
    this.#tags = { drop: new Map(), ignore: new Map() };
  }

  /** As `GET /v1/stats` and `/v1/stats/tags/…` write them. */
  wire() {
    return {
      xdp: Object.fromEntries(XDP_ACTIONS.map((action) => [action, wire(this.#xdp[action])])),
      drop_tags: { tags: wireTags(this.#tags.drop) },
      ignore_tags: { tags: wireTags(this.#tags.ignore) },
    };
  }
}

function emptyXdp(): Record<XdpAction, Counter> {
  return Object.fromEntries(XDP_ACTIONS.map((action) => [action, { packets: 0, bytes: 0 }])) as Record<
    XdpAction,
    Counter
  >;
}

function add(counter: Counter, packets: number, bytes: number): void {
  counter.packets += packets;
  counter.bytes += bytes;
}

function wire({ packets, bytes }: Counter) {
  return { rx_packets: packets, rx_bytes: bytes };
}

function wireTags(tags: ReadonlyMap<string, Counter>) {
  return Object.fromEntries([...tags].map(([tag, counter]) => [tag, wire(counter)]));
}
