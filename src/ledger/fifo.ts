/** One at a time, in the order of asking. */
export class Fifo {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Those who have asked and are not done. */
  get length(): number {
    return this.#waiting;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const result = this.#last.then(work);
    this.#last = result.then(this.#done, this.#done);
    return result;
  }

  readonly #done = (): void => {
    this.#waiting--;
  };
}
