import type { Policy } from './report.ts';
import { type Counter, TagMap } from './tag-map.ts';

export type XdpAction = (typeof XDP_ACTIONS)[number];

export const XDP_ACTIONS = ['XDP_REDIRECT', 'XDP_ABORTED', 'XDP_PASS', 'XDP_TX', 'XDP_DROP'] as const;
const UNTAGGED = 'untagged';

/**
 * Couic's counters as its API shows them, since its start, beside what really flowed since the beginning: what the API
 * no longer shows (a tag that fell out, a restart) is in `truth` all the same. No tag is `""`.
 */
export class Traffic {
  readonly truth = { xdp: emptyXdp(), tags: { drop: new Map<string, Counter>(), ignore: new Map<string, Counter>() } };
  readonly #cpus: number;
  #xdp = emptyXdp();
  /** A name that is forgotten and comes back has another id: its old counters stay in the map, and nobody sees them. */
  #ids = new Map<string, number>();
  #nextId = 1;
  #maps: Record<Policy, TagMap>;

  /** @param cpus - of the Couic host. */
  constructor(cpus = 2) {
    this.#cpus = cpus;
    this.#maps = this.#emptyMaps();
  }

  /** Packets that no rule matched. */
  pass(packets: number, bytes: number, action: XdpAction = 'XDP_PASS'): void {
    add(this.#xdp[action], packets, bytes);
    add(this.truth.xdp[action], packets, bytes);
  }

  /** @param cpu - that got the packets. */
  match(policy: Policy, tag: string, packets: number, bytes: number, cpu = 0): void {
    this.pass(packets, bytes, policy === 'drop' ? 'XDP_DROP' : 'XDP_PASS');
    let id = this.#ids.get(tag);
    if (id === undefined) {
      id = this.#nextId++;
      this.#ids.set(tag, id);
    }
    this.#maps[policy].count(id, packets, bytes, cpu);

    const name = tag || UNTAGGED;
    const all = this.truth.tags[policy];
    const total = all.get(name) ?? { packets: 0, bytes: 0 };
    add(total, packets, bytes);
    all.set(name, total);
  }

  /** The last rule with this tag is gone, of both policies. */
  forget(tag: string): void {
    this.#ids.delete(tag);
  }

  restart(): void {
    this.#xdp = emptyXdp();
    this.#ids = new Map();
    this.#maps = this.#emptyMaps();
  }

  /** As `GET /v1/stats` and `/v1/stats/tags/…` write them. */
  wire() {
    return {
      xdp: Object.fromEntries(XDP_ACTIONS.map((action) => [action, wire(this.#xdp[action])])),
      drop_tags: { tags: this.#wireTags('drop') },
      ignore_tags: { tags: this.#wireTags('ignore') },
    };
  }

  #wireTags(policy: Policy): Record<string, ReturnType<typeof wire>> {
    const tags: Record<string, ReturnType<typeof wire>> = {};
    for (const [tag, id] of this.#ids) {
      const counter = this.#maps[policy].get(id);
      if (counter) tags[tag || UNTAGGED] = wire(counter);
    }
    return tags;
  }

  #emptyMaps(): Record<Policy, TagMap> {
    return { drop: new TagMap(this.#cpus), ignore: new TagMap(this.#cpus) };
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
