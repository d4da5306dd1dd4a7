/**
 * Bounds how many bodies wait or are under way, and with that the memory they take: each holds a connection's buffers,
 * at most a few hundred KiB. A body more is answered with 503 before one byte of it is read.
 */
export class Admission {
  readonly #limit: number;
  readonly #limitPerInstance: number;
  readonly #perInstance = new Map<string, number>();
  #total = 0;

  constructor(limit: number, limitPerInstance: number) {
    this.#limit = limit;
    this.#limitPerInstance = limitPerInstance;
  }

  /** @returns whether there is room; if so, `leave` has to follow. */
  enter(instance: string): boolean {
    const underWay = this.#perInstance.get(instance) ?? 0;
    if (this.#total >= this.#limit || underWay >= this.#limitPerInstance) return false;
    this.#total += 1;
    this.#perInstance.set(instance, underWay + 1);
    return true;
  }

  leave(instance: string): void {
    this.#total -= 1;
    this.#perInstance.set(instance, this.#perInstance.get(instance)! - 1);
  }
}
