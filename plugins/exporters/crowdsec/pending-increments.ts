import type { SourcePoint } from './points.ts';

/** Increments that no window has told yet: each collection gives them once, so they are kept until one does. In memory. */
export class PendingIncrements {
  readonly #points = new Map<string, SourcePoint>();

  /** Takes in what is new. @returns the collection with everything that is still to be told. */
  merge(points: readonly SourcePoint[]): SourcePoint[] {
    const others: SourcePoint[] = [];
    for (const point of points) {
      if (point.kind !== 'increment') others.push(point);
      else this.#points.set(point.key, { ...point, value: point.value + (this.#points.get(point.key)?.value ?? 0) });
    }
    return [...others, ...this.#points.values()];
  }

  /** Windows tell whole numbers: a fraction waits for the rest of it. */
  told(points: readonly SourcePoint[]): void {
    for (const point of points) {
      if (point.kind !== 'increment') continue;
      const rest = point.value - Math.floor(point.value);
      if (rest > 0) this.#points.set(point.key, { ...point, value: rest });
      else this.#points.delete(point.key);
    }
  }
}
