import type { Extent, Position } from '../log.ts';

const MIB = 1024 * 1024;
/** What a message takes beside its data. */
const OVERHEAD = 100;

/** What is kept of the log, in parts that can go: made of what this process has seen of it. */
export class Extents {
  #all: { first: Position; last: Position; bytes: number; time: number }[] = [];
  #isSealed = true;

  get all(): readonly Extent[] {
    return this.#all;
  }

  /** What was there before this process followed the log. */
  begin(extents: readonly Extent[]): void {
    this.#all = extents.map((extent) => ({ ...extent }));
    this.#isSealed = true;
  }

  add(position: Position, bytes: number, time: number): void {
    let extent = this.#all.at(-1);
    if (this.#isSealed || extent === undefined || extent.bytes >= MIB) {
      extent = { first: (extent?.last ?? position - 1) + 1, last: position, bytes: 0, time };
      this.#all.push(extent);
      this.#isSealed = false;
    }
    extent.last = position;
    extent.bytes += bytes + OVERHEAD;
    extent.time = time;
  }

  seal(): void {
    this.#isSealed = true;
  }

  cut(position: Position): void {
    this.#all = this.#all.filter(({ last }) => last > position);
    const [first] = this.#all;
    if (first && first.first <= position) first.first = position + 1;
  }
}
