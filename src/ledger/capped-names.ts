import { OTHER } from '../telemetry/names.ts';

/**
 * Distinct values of one attribute, numbered in the order they came, and bounded: what comes after the cap is OTHER.
 * First come, first kept, for as long as the ledger lives, since a series must not change its name.
 */
export class CappedNames {
  cap: number;
  /** Names by number; number 0 is OTHER. */
  readonly names: string[] = [OTHER];
  readonly #numbers = new Map<string, number>([[OTHER, 0]]);

  /** @param reserved - names that are always there and do not count against the cap. */
  constructor(cap: number, reserved: readonly string[]) {
    this.cap = cap;
    for (const name of reserved) this.#add(name);
    this.#reserved = this.names.length;
  }

  readonly #reserved: number;

  /** @returns the name's number, or 0 when it comes after the cap. */
  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.names.length - this.#reserved >= this.cap) return 0;
    return this.#add(name);
  }

  /** @returns the name's number, as `number` would give it now, or -1 when it would be added. */
  peek(name: string): number {
    return this.#numbers.get(name) ?? (this.names.length - this.#reserved >= this.cap ? 0 : -1);
  }

  /** Names that were added, without the reserved ones. */
  added(): string[] {
    return this.names.slice(this.#reserved);
  }

  restore(added: readonly string[]): void {
    for (const name of added) this.#add(name);
  }

  #add(name: string): number {
    const number = this.names.length;
    this.names.push(name);
    this.#numbers.set(name, number);
    return number;
  }
}
