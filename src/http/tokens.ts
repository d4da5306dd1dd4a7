import { hash, timingSafeEqual } from 'node:crypto';

/** Characters of the longest token that a configuration takes: one that is longer need not be hashed. */
export const LONGEST_TOKEN = 200;

interface InstanceTokens {
  readonly name: string;
  /** None: the instance is open. */
  readonly tokens: readonly string[];
}

/** Who a request is from. Keeps digests only: a dump of the process's objects holds no token. */
export class Tokens {
  /** The instance that needs no token, if there is one. */
  readonly open: string | undefined;
  readonly #entries: readonly { readonly name: string; readonly digest: Buffer }[];

  constructor(instances: readonly InstanceTokens[]) {
    this.open = instances.find(({ tokens }) => tokens.length === 0)?.name;
    this.#entries = instances.flatMap(({ name, tokens }) => tokens.map((token) => ({ name, digest: digestOf(token) })));
  }

  /**
   * @returns the instance's name, or undefined for a token that nobody has. Takes the same time for every token:
   * digests have one length, each is compared whole, and a match does not end the search.
   */
  authenticate(token: string): string | undefined {
    if (token.length > LONGEST_TOKEN) return undefined;
    const digest = digestOf(token);
    let found: string | undefined;
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.digest, digest)) found = entry.name;
    }
    return found;
  }
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
