import type { Clock } from '../../../src/clock.ts';

/** Digests that are good for a while; when there are too many the oldest goes. */
export class Expiring {
  readonly #most: number;
  readonly #time: number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** In the order in which they came: when each ends, by its digest in hexadecimal. What is looked up is a digest, so its time tells nothing. */
  readonly #ends = new Map<string, number>();

  /** @param time - in ms. */
  constructor(most: number, time: number, clock: Pick<Clock, 'monotonic'>) {
    this.#most = most;
    this.#time = time;
    this.#clock = clock;
  }

  add(digest: Buffer): void {
    for (const oldest of this.#ends.keys()) {
      if (this.#ends.size < this.#most) break;
      this.#ends.delete(oldest);
    }
    this.#ends.set(digest.toString('hex'), this.#clock.monotonic() + this.#time);
  }

  has(digest: Buffer): boolean {
    const end = this.#ends.get(digest.toString('hex'));
    return end !== undefined && this.#clock.monotonic() < end;
  }

  /** Ends it. @returns whether it was good. */
  take(digest: Buffer): boolean {
    const isGood = this.has(digest);
    this.#ends.delete(digest.toString('hex'));
    return isGood;
  }
}
