/** Tags that Couic's map has room for, of each policy. */
export const TRACKED_TAGS = 64;

export interface Counter {
  packets: number;
  bytes: number;
}

/**
 * Couic's counters by tag: an LRU map of the kernel, per CPU. Each CPU has its share of the room, and a tag is in that of
 * the CPU that met it first; so tags go early, while the map has room elsewhere. What went begins again from 0.
 */
export class TagMap {
  /** Of each CPU by id; by use, the one that was used longest ago first. */
  readonly #shares: readonly Map<number, Counter>[];
  readonly #room: number;

  constructor(cpus: number) {
    this.#shares = Array.from({ length: cpus }, () => new Map());
    this.#room = Math.max(1, Math.floor(TRACKED_TAGS / cpus));
  }

  count(id: number, packets: number, bytes: number, cpu: number): void {
    const share = this.#shares.find((each) => each.has(id)) ?? this.#shares[cpu % this.#shares.length]!;
    const counter = share.get(id) ?? { packets: 0, bytes: 0 };
    share.delete(id);
    if (share.size === this.#room) share.delete(share.keys().next().value!);
    share.set(id, counter);
    counter.packets += packets;
    counter.bytes += bytes;
  }

  get(id: number): Counter | undefined {
    return this.#shares.find((each) => each.has(id))?.get(id);
  }
}
