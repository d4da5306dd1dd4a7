const HOUR = 3_600_000;

interface Bouncer {
  name: string;
  key?: string;
  createdAt: number;
  ip?: string;
  lastPull?: number;
}

/** Who may push, and what LAPI remembers of each. */
export class Bouncers {
  readonly #bouncers: Bouncer[];
  readonly #now: () => number;

  constructor(keys: Readonly<Record<string, string>>, now: () => number) {
    this.#now = now;
    this.#bouncers = Object.entries(keys).map(([key, name]) => ({ name, key, createdAt: now() }));
  }

  /** A key used from a second address makes LAPI create a bouncer `name@ip`. @returns the name pushes go under. */
  byKey(key: string, ip: string): string | undefined {
    const owner = this.#bouncers.find((bouncer) => bouncer.key === key);
    if (!owner) return undefined;
    owner.ip ??= ip;
    return owner.ip === ip ? owner.name : this.#named(`${owner.name}@${ip}`).name;
  }

  byCertificate(commonName: string, ip: string): string {
    return this.#named(`${commonName}@${ip}`).name;
  }

  pulled(name: string): void {
    this.#named(name).lastPull = this.#now();
  }

  lastPull(name: string): number | undefined {
    return this.#bouncers.find((bouncer) => bouncer.name === name)?.lastPull;
  }

  get names(): string[] {
    return this.#bouncers.map(({ name }) => name);
  }

  /** `cscli bouncers prune`: deletes those that never pulled and are older than an hour. @returns their names. */
  prune(): string[] {
    const pruned = this.#bouncers.filter((b) => b.lastPull === undefined && b.createdAt < this.#now() - HOUR);
    for (const bouncer of pruned) this.#bouncers.splice(this.#bouncers.indexOf(bouncer), 1);
    return pruned.map(({ name }) => name);
  }

  #named(name: string): Bouncer {
    const known = this.#bouncers.find((bouncer) => bouncer.name === name);
    if (known) return known;
    const created: Bouncer = { name, createdAt: this.#now() };
    this.#bouncers.push(created);
    return created;
  }
}
