import { OTHER } from '../telemetry/names.ts';

/** A name and when it was last heard of, ms since the epoch; null for a place that was given back. */
type SavedName = readonly [name: string, heard: number] | null;

/**
 * Distinct values of one attribute of one instance, numbered in the order they came, and bounded: what comes after the cap
 * is OTHER. First come, first kept, until it is forgotten: its number then goes to the next one that comes.
 */
export class CappedNames {
  cap: number;
  /** Names by number; number 0 is OTHER, and a number without a name has an empty one. */
  readonly names: string[] = [OTHER];
  readonly #numbers = new Map<string, number>([[OTHER, 0]]);
  readonly #heard: number[] = [0];
  /** Numbers without a name, the lowest last: which is next depends on what is kept alone. */
  #free: number[] = [];
  readonly #reserved: number;
  readonly #nameOf: (given: string) => string;

  /**
   * @param reserved - names that are always there and do not count against the cap.
   * @param nameOf - what one that comes is called; the default counts one that is called OTHER as what comes after the cap.
   */
  constructor(cap: number, reserved: readonly string[], nameOf = (given: string) => given) {
    this.cap = cap;
    this.#nameOf = nameOf;
    for (const name of reserved) this.#set(this.names.length, name, 0);
    this.#reserved = this.names.length;
  }

  /** Names that take up a place. */
  get used(): number {
    return this.names.length - this.#reserved - this.#free.length;
  }

  /** @param clock - of the record that says it, ms since the epoch. @returns its number, or 0 when it comes after the cap. */
  number(given: string, clock: number): number {
    const name = this.#nameOf(given);
    const known = this.#numbers.get(name);
    if (known !== undefined) {
      this.hear(known, clock);
      return known;
    }
    if (this.used >= this.cap) return 0;
    const number = this.#free.pop() ?? this.names.length;
    this.#set(number, name, clock);
    return number;
  }

  /** @returns its number, as `number` would give it now, or -1 when it would be added. */
  peek(given: string): number {
    return this.#numbers.get(this.#nameOf(given)) ?? (this.used >= this.cap ? 0 : -1);
  }

  hear(number: number, clock: number): void {
    if (clock > this.#heard[number]!) this.#heard[number] = clock;
  }

  /** The host's clock had been ahead. */
  goBackTo(clock: number): void {
    for (const [number, heard] of this.#heard.entries()) this.#heard[number] = Math.min(heard, clock);
  }

  /** Numbers of names last heard of at `before` or earlier. */
  *idle(before: number): Generator<number> {
    for (let number = this.#reserved; number < this.names.length; number++) {
      if (this.names[number] !== '' && this.#heard[number]! <= before) yield number;
    }
  }

  /** Numbers of those names. */
  *named(isWanted: (name: string) => boolean): Generator<number> {
    for (let number = this.#reserved; number < this.names.length; number++) {
      if (this.names[number] !== '' && isWanted(this.names[number]!)) yield number;
    }
  }

  forget(numbers: Iterable<number>): void {
    for (const number of numbers) {
      this.#numbers.delete(this.names[number]!);
      this.names[number] = '';
      this.#free.push(number);
    }
    this.#free.sort((a, b) => b - a);
  }

  /** By number, without the reserved ones. */
  save(): SavedName[] {
    return this.names
      .slice(this.#reserved)
      .map((name, i) => (name === '' ? null : [name, this.#heard[i + this.#reserved]!]));
  }

  restore(saved: readonly SavedName[]): void {
    for (const entry of saved) {
      const number = this.names.length;
      if (entry !== null) this.#set(number, ...entry);
      else {
        this.names.push('');
        this.#heard.push(0);
        this.#free.unshift(number);
      }
    }
  }

  #set(number: number, name: string, heard: number): void {
    this.names[number] = name;
    this.#heard[number] = heard;
    this.#numbers.set(name, number);
  }
}

/** A tag may be called as what stands for those beyond the cap; none holds a `*`. A kind that is too long was called so on purpose. */
export function tagName(tag: string): string {
  return tag === OTHER ? `${OTHER}*` : tag;
}
