import type { UsageItem } from './items.ts';

/** After this time without a word LAPI has forgotten an origin, and its place is free for another. */
const IDLE_SECONDS = 7 * 86_400;

/** Bounds the origins of one exporter: first come, first kept; the rest share one name. */
export class OriginCap {
  readonly #known: Map<string, number>;
  readonly #most: number;
  readonly #other: string;
  readonly #second: number;
  /** Idle origins that gave way in this window. */
  readonly released: string[] = [];

  /** @param known - origins in use, with the second in which each was last said; not changed. */
  constructor(known: ReadonlyMap<string, number>, most: number, other: string, second: number) {
    this.#known = new Map(known);
    this.#known.delete(other);
    this.#most = most;
    this.#other = other;
    this.#second = second;
  }

  /** The item, under the shared origin when its own has no place. */
  place(item: UsageItem): UsageItem {
    const origin = item.labels?.origin;
    if (origin === undefined || origin === this.#other) return item;
    if (this.#admit(origin)) return item;
    return { ...item, labels: { ...item.labels, origin: this.#other } };
  }

  #admit(origin: string): boolean {
    if (this.#known.has(origin)) return true;
    if (this.#known.size >= this.#most && !this.#release()) return false;
    this.#known.set(origin, this.#second);
    return true;
  }

  #release(): boolean {
    for (const [origin, second] of this.#known) {
      // One that was said in what is now the future, by a clock that was ahead, was not said since.
      if (Math.abs(this.#second - second) <= IDLE_SECONDS) continue;
      this.#known.delete(origin);
      this.released.push(origin);
      return true;
    }
    return false;
  }
}
