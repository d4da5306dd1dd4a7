/**
 * What outlives a component in memory: the one that takes its place in a reload goes on with it. Not what has to survive a
 * restart, which is in the log.
 */
export class Carried {
  readonly #values: Map<string, unknown>;
  readonly #prefix: string;

  constructor(prefix = '', values = new Map<string, unknown>()) {
    this.#prefix = prefix;
    this.#values = values;
  }

  /** The part of one type of component; `a/b` and `a` are different ones. */
  of(type: string): Carried {
    return new Carried(`${this.#prefix}${type}:`, this.#values);
  }

  get<Value>(key: string, make: () => Value): Value {
    const name = this.#prefix + key;
    if (!this.#values.has(name)) this.#values.set(name, make());
    return this.#values.get(name) as Value;
  }
}
