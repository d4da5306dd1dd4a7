/** Numbers of series, by the series' number: a column for each of `names`. Grows as it is written. */
export class Columns<Name extends string> {
  readonly #columns: Record<Name, Float64Array>;
  readonly #names: readonly Name[];

  constructor(names: readonly Name[]) {
    this.#names = names;
    this.#columns = Object.fromEntries(names.map((name) => [name, new Float64Array(16)])) as Record<Name, Float64Array>;
  }

  get(name: Name, row: number): number {
    return this.#columns[name][row] ?? 0;
  }

  set(name: Name, row: number, value: number): void {
    let column = this.#columns[name];
    if (row >= column.length) {
      // By a quarter: series are many, and a table that doubled would be half empty.
      const grown = new Float64Array(Math.max(row + 1, Math.ceil(column.length * 1.25)));
      grown.set(column);
      this.#columns[name] = grown;
      column = grown;
    }
    column[row] = value;
  }

  clear(row: number): void {
    for (const name of this.#names) this.set(name, row, 0);
  }

  /** All as of this call. @param rows - how many. */
  copy(rows: number): Float64Array[] {
    return this.#names.map((name) => {
      const copy = new Float64Array(rows);
      copy.set(this.#columns[name].subarray(0, rows));
      return copy;
    });
  }

  restore(columns: readonly Float64Array[]): void {
    for (const [index, name] of this.#names.entries()) this.#columns[name] = columns[index]!.slice();
  }
}
