import { startAt, startSeenFrom } from './series-start.ts';

/** Counts by number, in the order in which they began, each with its start. */
export class Counters {
  readonly #places = new Map<number, number>();
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

  *entries(): Generator<[key: number, value: number, start: number]> {
    for (const [key, place] of this.#places) yield [key, this.#values[place]!, this.#starts[place]!];
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
      this.#values = doubled(this.#values);
      this.#starts = doubled(this.#starts);
    }
    this.#places.set(key, place);
    this.#values[place] = value;
    this.#starts[place] = start;
  }
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
