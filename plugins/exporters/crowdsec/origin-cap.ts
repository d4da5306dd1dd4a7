import type { UsageItem } from './items.ts';
import { Room } from './room.ts';

const DAY_SECONDS = 86_400;
/** That an origin is still said is written down once a day, not with each window. */
const NOTED_SECONDS = DAY_SECONDS;
/** After seven days without a word LAPI has forgotten an origin, and its place is free for another. */
const IDLE_SECONDS = 7 * DAY_SECONDS + NOTED_SECONDS;
/** What places may take of a record; what does not fit is written with a later one. */
const BYTES = 64 * 1024;

/** Whose place, and for which origin. */
export type Place = readonly [source: string, origin: string];

/** By source: origins that have a place, with the second of our clock in which each was last noted. */
type OriginPlaces = ReadonlyMap<string, ReadonlyMap<string, number>>;

interface OriginCapOptions {
  /** Of each source. */
  readonly most: number;
  /** Shared by all origins beyond. */
  readonly other: string;
  /** Have a place beside the others. */
  readonly reserved: readonly string[];
  readonly second: number;
}

/**
 * Bounds the origins of each source: first come, first kept, so that one takes none from another; the rest share one name.
 * An origin that is said keeps its place, and a gauge above zero is said with each window: first `hear` all of them, then `release`, then `place`.
 */
export class OriginCap {
  readonly #places = new Map<string, Map<string, number>>();
  readonly #most: number;
  readonly #other: string;
  readonly #without: ReadonlySet<string>;
  readonly #second: number;
  readonly #room = new Room(BYTES);
  /** Places to be noted: of new origins, and of those that were not noted for a day. */
  readonly noted: Place[] = [];
  /** Places that idle origins gave back. */
  readonly released: Place[] = [];

  /** @param known - not changed. */
  constructor(known: OriginPlaces, { most, other, reserved, second }: OriginCapOptions) {
    for (const [source, origins] of known) this.#places.set(source, new Map(origins));
    this.#most = most;
    this.#other = other;
    this.#without = new Set([...reserved, other]);
    this.#second = second;
  }

  hear(source: string, { labels }: UsageItem): void {
    const origin = labels?.origin;
    if (origin === undefined) return;
    const noted = this.#places.get(source)?.get(origin);
    // One that was noted in what is now the future, by a clock that was ahead, is noted anew.
    if (noted === undefined || Math.abs(this.#second - noted) < NOTED_SECONDS) return;
    this.#note(source, origin);
  }

  release(): void {
    for (const [source, origins] of this.#places) {
      for (const [origin, second] of origins) {
        if (Math.abs(this.#second - second) <= IDLE_SECONDS || !this.#room.takes([source, origin])) continue;
        origins.delete(origin);
        this.released.push([source, origin]);
      }
    }
  }

  /** The item, under the shared origin when its own has no place. */
  place(source: string, item: UsageItem): UsageItem {
    const origin = item.labels?.origin;
    if (origin === undefined || this.#without.has(origin) || this.#admit(source, origin)) return item;
    return { ...item, labels: { ...item.labels, origin: this.#other } };
  }

  #admit(source: string, origin: string): boolean {
    const origins = this.#places.get(source);
    if (origins?.has(origin)) return true;
    if ((origins?.size ?? 0) >= this.#most) return false;
    this.#note(source, origin);
    return true;
  }

  #note(source: string, origin: string): void {
    const origins = this.#places.get(source);
    if (origins) origins.set(origin, this.#second);
    else this.#places.set(source, new Map([[origin, this.#second]]));
    if (this.#room.takes([source, origin])) this.noted.push([source, origin]);
  }
}
