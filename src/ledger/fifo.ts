/** One at a time, in the order of asking. */
export class Fifo {
  readonly #queue: (() => void)[] = [];
  #isBusy = false;

  /** Begins at once when nobody is before it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isBusy) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      // It stays busy while there is a next: nobody comes between.
      const next = this.#queue.shift();
      if (next) next();
      else this.#isBusy = false;
    }
  }
}
