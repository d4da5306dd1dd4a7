import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../src/clock.ts';
import { Expiring } from './expiring.ts';

/** Milliseconds that a login lasts. */
const SESSION_TIME = 12 * 3_600_000;
/** One more ends the oldest. */
const MOST_SESSIONS = 32;
/** Milliseconds in which a code of the command line has to be used. */
export const CODE_TIME = 300_000;
const MOST_CODES = 8;
/** Wrong tokens that are compared in a minute; more are refused unseen, and so are right ones. */
const MOST_FAILURES = 10;
const MINUTE = 60_000;
/** Characters: what is longer is no secret of ours. */
const LONGEST_SECRET = 256;

/** What came of a login. */
type Login = { readonly session: string } | 'wrong' | 'too many';

interface Shown {
  /** The header of a program: `Bearer TOKEN`. */
  readonly authorization: string | undefined;
  /** The cookie of a browser. */
  readonly session: string | undefined;
}

/**
 * Who is shown addresses: whoever has the token, and whoever was given a code by the command line, which asks over the Unix
 * socket that is the bridge's user's alone. Keeps digests only.
 */
export class Access {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #token: Buffer | undefined;
  readonly #sessions: Expiring;
  readonly #codes: Expiring;
  #failures = 0;
  #failuresSince = Number.NEGATIVE_INFINITY;

  /** @param token - empty for none. */
  constructor(token: string, clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#token = token === '' ? undefined : digestOf(token);
    this.#sessions = new Expiring(MOST_SESSIONS, SESSION_TIME, clock);
    this.#codes = new Expiring(MOST_CODES, CODE_TIME, clock);
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  allows({ authorization, session }: Shown): boolean {
    if (session !== undefined && session.length <= LONGEST_SECRET && this.#sessions.has(digestOf(session))) return true;
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    return bearer !== undefined && this.#compare(bearer) === true;
  }

  /** @param secret - the token, or a code. */
  login(secret: string): Login {
    // A code has 128 bits of its own: nobody needs to be kept from guessing it, and no guesser keeps its owner out.
    if (secret.length <= LONGEST_SECRET && this.#codes.take(digestOf(secret))) return this.#begin();
    const isRight = this.#compare(secret);
    if (isRight === undefined) return 'too many';
    return isRight ? this.#begin() : 'wrong';
  }

  logout(session: string | undefined): void {
    if (session !== undefined && session.length <= LONGEST_SECRET) this.#sessions.take(digestOf(session));
  }

  /** A code that logs in once, within `CODE_TIME`. */
  newCode(): string {
    const code = randomBytes(16).toString('base64url');
    this.#codes.add(digestOf(code));
    return code;
  }

  #begin(): Login {
    const session = randomBytes(32).toString('base64url');
    this.#sessions.add(digestOf(session));
    return { session };
  }

  /** @returns undefined when there were too many failures to look. */
  #compare(given: string): boolean | undefined {
    const now = this.#clock.monotonic();
    if (now - this.#failuresSince >= MINUTE) this.#failures = 0;
    if (this.#failures >= MOST_FAILURES) return undefined;
    const isRight =
      this.#token !== undefined && given.length <= LONGEST_SECRET && timingSafeEqual(digestOf(given), this.#token);
    if (!isRight && this.#failures++ === 0) this.#failuresSince = now;
    return isRight;
  }
}

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
