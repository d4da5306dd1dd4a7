import type { Attempt } from './attempt.ts';
import { SupersededError } from './ledger.ts';

/** Couic waits 1 s at least between a failure and its retry, so what comes sooner after an answer is a new body. */
export const NO_RETRY_WITHIN_MS = 900;

/** A body that is being read. */
export interface Reading {
  /** Nothing more of it is to be committed. */
  end(reason: Error): void;
}

/** The request that the newest body came with last. */
interface Newest {
  readonly attempt: Attempt;
  /** A body came that is not its retry: so its sender has had the answer, and no retry of it can come any more. */
  isPassed: boolean;
}

/** What is known of the newest body when a request's head is read. */
export interface Knowledge {
  readonly newest: Newest | null;
  /** Its answer went out so short a time ago, and on a connection so surely open, that this is no retry. */
  readonly isAnswered: boolean;
}

/**
 * One Couic as this process knows it: a single worker that sends one request after another. What is durable of it is the
 * newest body in the ledger's state; this is the rest, which a restart forgets.
 */
export class Sender {
  /** Null after a start: nothing is known to be answered. */
  newest: Newest | null = null;
  /** A body that was read to its end and whose last chunk is on its way to the disk, by the hash of its first element. */
  committing: { readonly first: string; readonly done: Promise<unknown> } | null = null;
  /** When it was known here last that another bridge had taken a body, monotonic, ms. */
  elsewhereAt = Number.NEGATIVE_INFINITY;
  #reading: Reading | null = null;
  #waiting: { readonly next: Reading; begin(): void; reject(reason: Error): void } | null = null;

  /** What is known now, of the request whose head was just read. */
  knowledge(attempt: Attempt): Knowledge {
    const { newest } = this;
    const answeredAt = newest?.attempt.answeredAt;
    const isAnswered =
      answeredAt !== undefined &&
      attempt.beganAt - answeredAt < NO_RETRY_WITHIN_MS &&
      !attempt.wasLateSince(newest!.attempt.arrivedAt);
    return { newest, isAnswered };
  }

  /**
   * A request has come: every earlier one was given up by its sender, and ends. `leave` has to follow.
   * @returns when no earlier one is being read any more; undefined when that is so now.
   * @throws SupersededError when a later one comes before its turn does.
   */
  arrive(next: Reading): Promise<void> | undefined {
    if (this.#reading === null) {
      this.#reading = next;
      return undefined;
    }
    this.#reading.end(new SupersededError());
    this.#waiting?.reject(new SupersededError());
    return new Promise((begin, reject) => {
      this.#waiting = { next, begin, reject };
    });
  }

  /** Another bridge has taken a body since: that is the newest, and every request that had begun here before was given up. */
  wentElsewhere(now: number): void {
    this.newest = null;
    this.elsewhereAt = now;
    this.#reading?.end(new SupersededError());
    this.#waiting?.reject(new SupersededError());
  }

  /** The body that had its turn is read, or has ended. */
  leave(): void {
    const waiting = this.#waiting;
    this.#reading = waiting?.next ?? null;
    this.#waiting = null;
    waiting?.begin();
  }
}
