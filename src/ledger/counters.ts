import { startAt, startSeenFrom } from './series-start.ts';

/** Counts by number, in the order in which they began, each with its start. */
export class Counters {
  readonly #places = new Map<number, number>();
  #keys = new Float64Array(8);
  #values = new Float64Array(8);
  /** Milliseconds since the epoch. */
  #starts = new Float64Array(8);

  /** @param clock - of the record that counts, ms since the epoch. */
  add(key: number, count: number, clock: number): void {
    const place = this.#places.get(key);
    if (place === undefined) this.#begin(key, count, startAt(clock));
    else this.#values[place]! += count;
  }

  get size(): number {
    return this.#places.size;
  }

  has(key: number): boolean {
    return this.#places.has(key);
  }

  /** @param place - from 0 up to, not including, `size`. */
  keyAt(place: number): number {
    return this.#keys[place]!;
  }

  valueAt(place: number): number {
    return this.#values[place]!;
  }

  /** Milliseconds since the epoch. */
  startAt(place: number): number {
    return this.#starts[place]!;
  }

  /** 0 for what was never counted. */
  value(key: number): number {
    const place = this.#places.get(key);
    return place === undefined ? 0 : this.#values[place]!;
  }

  *entries(): Generator<[key: number, value: number, start: number]> {
    for (let place = 0; place < this.size; place++) yield [this.keyAt(place), this.valueAt(place), this.startAt(place)];
  }

  /** The host's clock had been ahead. */
  goBackTo(clock: number): void {
    for (let place = 0; place < this.#places.size; place++) {
      this.#starts[place] = startSeenFrom(clock, this.#starts[place]!);
    }
  }

  /** Takes out what counts under these keys, in order. */
  remove(isGone: (key: number) => boolean): [key: number, value: number][] {
    const all = this.save();
    const gone = all.filter(([key]) => isGone(key));
    if (gone.length === 0) return [];
    this.#places.clear();
    this.restore(all.filter(([key]) => !isGone(key)));
    return gone.map(([key, value]) => [key, value]);
  }

  save(): [key: number, value: number, start: number][] {
    return [...this.entries()];
  }

  restore(saved: readonly (readonly [key: number, value: number, start: number])[]): void {
    for (const [key, value, start] of saved) this.#begin(key, value, start);
  }

  #begin(key: number, value: number, start: number): void {
    const place = this.#places.size;
    if (place === this.#values.length) {
      this.#keys = doubled(this.#keys);
      this.#values = doubled(this.#values);
      this.#starts = doubled(this.#starts);
    }
    this.#places.set(key, place);
    this.#keys[place] = key;
    this.#values[place] = value;
    this.#starts[place] = start;
  }
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
