/** How long a removal waits for the add that it overtook. Both are queued within milliseconds of each other. */
const KEPT_MS = 60_000;
/** Removals of rules that never come (of peers, of set files) must not fill the memory. */
const MAX_KEPT = 65_536;

interface Tombstone {
  creation: number;
  clock: number;
}

/**
 * Removals that came before their add: Couic queues a report after its store's lock is released, so a remove can
 * overtake. The add then does not become an active rule.
 */
export class Tombstones {
  readonly #stones = new Map<string, Tombstone>();

  get size(): number {
    return this.#stones.size;
  }

  add(rule: string, creation: number, clock: number): void {
    this.#stones.delete(rule);
    this.#stones.set(rule, { creation, clock });
    if (this.#stones.size > MAX_KEPT) this.#stones.delete(this.#stones.keys().next().value!);
  }

  /** @returns when the rule of this creation was removed, if it was; the tombstone is used up then. */
  take(rule: string, creation: number): number | null {
    const stone = this.#stones.get(rule);
    if (stone === undefined || stone.creation !== creation) return null;
    this.#stones.delete(rule);
    return stone.clock;
  }

  expire(clock: number): void {
    for (const [rule, stone] of this.#stones) {
      if (stone.clock + KEPT_MS > clock) return;
      this.#stones.delete(rule);
    }
  }

  save(): [string, Tombstone][] {
    return [...this.#stones];
  }

  restore(saved: readonly [string, Tombstone][]): void {
    for (const [rule, stone] of saved) this.#stones.set(rule, stone);
  }
}
