/** What is on its way into the log and not applied yet, of all pushes together. */
export class UnderWay {
  /** Series that records introduce which are not applied yet. */
  introduced = 0;
  readonly #open = new Set<number>();
  #last = 0;
  /** By series: the last record that has something of it. */
  #touched = new Float64Array(16);

  /** @returns a number for a new record. */
  begin(): number {
    this.#last += 1;
    this.#open.add(this.#last);
    return this.#last;
  }

  /** The record was applied, or failed. */
  end(record: number): void {
    this.#open.delete(record);
  }

  touch(series: number, record: number): void {
    if (series >= this.#touched.length) {
      const grown = new Float64Array(Math.ceil(series * 1.25) + 1);
      grown.set(this.#touched);
      this.#touched = grown;
    }
    this.#touched[series] = record;
  }

  /** Whether what the table says of a series is about to change. */
  has(series: number): boolean {
    return this.#open.has(this.#touched[series] ?? 0);
  }
}
