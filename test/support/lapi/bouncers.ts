const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

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

  /** For HEAD: whoever has the key, and no address is noted. */
  withKey(key: string): string | undefined {
    return this.#bouncers.find((bouncer) => bouncer.key === key)?.name;
  }

  /**
   * A bouncer that was added has the address of its first request; the key from another one makes LAPI create `name@ip`.
   * @returns the name pushes go under.
   */
  byKey(key: string, ip: string): string | undefined {
    const owners = this.#bouncers.filter((bouncer) => bouncer.key === key);
    const known = owners.find((bouncer) => bouncer.ip === ip);
    if (known) return known.name;
    const [first] = owners;
    if (!first) return undefined;
    if (owners.length === 1 && first.ip === undefined) {
      first.ip = ip;
      return first.name;
    }
    const name = `${first.name.replace(/(@[\d.a-f:]+)+$/, '')}@${ip}`;
    this.#bouncers.push({ name, key, ip, createdAt: this.#now() });
    return name;
  }

  byCertificate(commonName: string, ip: string): string {
    const name = `${commonName}@${ip}`;
    if (!this.#bouncers.some((bouncer) => bouncer.name === name)) {
      this.#bouncers.push({ name, ip, createdAt: this.#now() });
    }
    return name;
  }

  /** Written down at most once a minute. */
  pulled(name: string): void {
    const bouncer = this.#bouncers.find((each) => each.name === name);
    if (bouncer && this.#now() - (bouncer.lastPull ?? Number.NEGATIVE_INFINITY) >= MINUTE)
      bouncer.lastPull = this.#now();
  }

  lastPull(name: string): number | undefined {
    return this.#bouncers.find((bouncer) => bouncer.name === name)?.lastPull;
  }

  get names(): string[] {
    return this.#bouncers.map(({ name }) => name);
  }

  /** `cscli bouncers prune`: deletes those that did not pull for an hour, or never, and are as old. @returns their names. */
  prune(): string[] {
    const before = this.#now() - HOUR;
    const pruned = this.#bouncers.filter(({ lastPull, createdAt }) => (lastPull ?? createdAt) < before);
    for (const bouncer of pruned) this.#bouncers.splice(this.#bouncers.indexOf(bouncer), 1);
    return pruned.map(({ name }) => name);
  }
}
