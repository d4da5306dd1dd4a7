import { setImmediate } from 'node:timers/promises';
import { EntryScanner } from '../report/entry-scanner.ts';
import { ReportChunk } from '../report/report-chunk.ts';
import { encodeReconciled } from './correction-records.ts';
import { Corrections } from './corrections.ts';
import type { LedgerState } from './ledger-state.ts';
import { Listing } from './listing.ts';
import type { TrustedClock } from './trusted-clock.ts';

/** What is done between two looks at what else there is to do: bytes of a list, numbers of rules. */
const SLICE_BYTES = 65_536;
const SLICE_RULES = 16_384;

const POLICIES = ['drop', 'ignore'] as const;

/** Asks Couic for all rules of a policy: the body of `GET /v1/drop` or `/v1/ignore`. */
export type ListRules = (policy: 'drop' | 'ignore') => Promise<AsyncIterable<Uint8Array>>;

export interface Reconciliation {
  /** Rules that Couic has. */
  readonly listed: number;
  /** Rules that no report had told of, or told otherwise. */
  readonly added: number;
  /** Rules that were gone without a report. */
  readonly removed: number;
  /** Entries of the lists that are not valid. */
  readonly invalid: number;
}

export interface ReconcilerContext {
  readonly state: LedgerState;
  readonly clock: TrustedClock;
  append(records: readonly Uint8Array[]): Promise<void>;
}

/**
 * Brings the rules of one instance to what its Couic lists. What is missing comes in while the list is read; what is
 * too much goes only after the whole list was. Memory does not grow with the list, and nothing waits for long.
 */
export class Reconciler {
  readonly #context: ReconcilerContext;
  readonly #instance: string;
  #corrections = new Corrections();
  #listed = 0;
  #invalid = 0;

  constructor(context: ReconcilerContext, instance: string) {
    this.#context = context;
    this.#instance = instance;
  }

  /**
   * @param signal - ends it early; what was corrected stays, since it was so.
   * @throws ScanError when an answer is no list, or not whole; and whatever `list` throws.
   */
  async run(list: ListRules, signal?: AbortSignal): Promise<Reconciliation> {
    const before = this.#counts();
    for (const policy of POLICIES) {
      const listing = new Listing(this.#context.state, this.#instance, policy);
      try {
        await this.#read(listing, policy, await list(policy), signal);
        await this.#sweep(listing, signal);
      } finally {
        listing.close();
      }
    }
    const after = this.#counts();
    const added = after.added - before.added;
    const removed = after.removed - before.removed;
    const { clock, append } = this.#context;
    await append([encodeReconciled({ clock: clock.now(), instance: this.#instance, drift: added + removed })]);
    return { listed: this.#listed, added, removed, invalid: this.#invalid };
  }

  async #read(
    listing: Listing,
    policy: 'drop' | 'ignore',
    body: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    const scanner = new EntryScanner(policy);
    const chunk = new ReportChunk();
    for await (const piece of body) {
      for (let at = 0; at < piece.length; at += SLICE_BYTES) {
        signal?.throwIfAborted();
        scanner.feed(piece.subarray(at, at + SLICE_BYTES), chunk);
        listing.compare(chunk, this.#corrections, this.#now());
        this.#listed += chunk.reports;
        this.#invalid += chunk.elements - chunk.reports;
        chunk.clear();
        await this.#flush();
        await setImmediate();
      }
    }
    scanner.end();
  }

  async #sweep(listing: Listing, signal?: AbortSignal): Promise<void> {
    const { bound } = listing;
    for (let from = 0; from < bound; ) {
      signal?.throwIfAborted();
      const to = Math.min(from + SLICE_RULES, bound);
      from = listing.sweep(from, to, this.#corrections, this.#now());
      await this.#flush();
      await setImmediate();
    }
  }

  async #flush(): Promise<void> {
    if (this.#corrections.count === 0) return;
    const corrections = this.#corrections;
    this.#corrections = new Corrections();
    const { clock, append } = this.#context;
    await append([corrections.encode(clock.now(), this.#instance)]);
  }

  /** Unix seconds. */
  #now(): number {
    return this.#context.clock.now() / 1000;
  }

  #counts(): { added: number; removed: number } {
    const { added, removed } = this.#context.state.find(this.#instance)?.corrections ?? { added: 0, removed: 0 };
    return { added, removed };
  }
}
