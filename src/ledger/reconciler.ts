import { setImmediate } from 'node:timers/promises';
import type { Position, Topic } from '../log/log.ts';
import { EntryScanner } from '../report/entry-scanner.ts';
import type { Reason } from '../report/quarantine.ts';
import { ReportChunk } from '../report/report-chunk.ts';
import { encodeCorrections, encodeReconciled } from './correction-records.ts';
import type { LedgerState } from './ledger-state.ts';
import { Listing } from './listing.ts';
import { PackedRules } from './packed-rules.ts';
import type { Rule } from './rules/rules.ts';
import type { RuleCounts } from './traffic.ts';
import type { TrustedClock } from './trusted-clock.ts';

/** What is done between two looks at what else there is to do: bytes of a list, numbers of rules. */
const SLICE_BYTES = 65_536;
const SLICE_RULES = 16_384;
/** Rules that are taken out by one record: a millisecond or two of work, then others have their turn. */
const REMOVALS_PER_RECORD = 1024;

const POLICIES = ['drop', 'ignore'] as const;

/** Asks Couic for all rules of a policy: the body of `GET /v1/drop` or `/v1/ignore`. */
export type ListRules = (policy: 'drop' | 'ignore') => Promise<AsyncIterable<Uint8Array>>;

/** A list that had fewer rules than Couic itself counted, before it and after it. */
interface ShortList {
  readonly policy: 'drop' | 'ignore';
  readonly listed: number;
  readonly counted: number;
}

export interface Reconciliation {
  /** Rules that Couic has. */
  readonly listed: number;
  /** Rules that no report had told of, or told otherwise. */
  readonly added: number;
  /** Rules that were gone without a report. */
  readonly removed: number;
  /** Entries of the lists that cannot be read, by reason. */
  readonly unreadable: ReadonlyMap<Reason, number>;
  /** Lists that are not all of it. */
  readonly short: readonly ShortList[];
  /** Rules that the lists do not hold and that stay all the same: an entry that cannot be read, or is missing, may be theirs. */
  readonly kept: number;
  /** Rules by which the ledger was away from Couic, or still is. */
  readonly drift: number;
}

export interface ReconcileOptions {
  /** Ends it early; what was corrected stays, since it was so. */
  readonly signal?: AbortSignal;
  /** How many rules Couic counts now; undefined when it does not say. Lists are not compared with it when left out. */
  readonly counts?: () => Promise<RuleCounts | undefined>;
}

interface ReconcilerContext {
  readonly state: LedgerState;
  readonly clock: TrustedClock;
  /** The instance's. */
  readonly topic: Topic;
}

/**
 * Brings the rules of one instance to what its Couic lists. What is missing comes in while the list is read; what is
 * too much goes only after the whole list was. Memory does not grow with the list, and nothing waits for long.
 */
export class Reconciler {
  readonly #context: ReconcilerContext;
  readonly #instance: string;
  #corrections = new PackedRules();
  #listed = 0;
  #kept = 0;
  /** Entries of which nobody knows whether the ledger has their rule, or knows that it has not. */
  #unknown = 0;
  readonly #unreadable = new Map<Reason, number>();
  readonly #short: ShortList[] = [];
  /** Of the instance's topic, when rules were last compared. */
  #seen: Position = 0;

  constructor(context: ReconcilerContext, instance: string) {
    this.#context = context;
    this.#instance = instance;
  }

  /** @throws ScanError when an answer is no list, or not whole; Conflict when another process has written meanwhile: compare again; and whatever `list` throws. */
  async run(
    list: ListRules,
    { signal, counts = async () => undefined }: ReconcileOptions = {},
  ): Promise<Reconciliation> {
    const before = this.#corrected();
    let counted = await counts();
    for (const policy of POLICIES) {
      const listing = new Listing(this.#context.state, this.#instance, policy);
      try {
        const { entries, nameless } = await this.#read(listing, policy, await list(policy), signal);
        const countedBefore = counted;
        counted = await counts();
        const least = Math.min(countedBefore?.[policy] ?? 0, counted?.[policy] ?? 0);
        if (entries < least) this.#short.push({ policy, listed: entries, counted: least });
        await this.#sweep(listing, nameless > 0 || entries < least, signal);
      } finally {
        listing.close();
      }
    }
    const after = this.#corrected();
    const added = after.added - before.added;
    const removed = after.removed - before.removed;
    const drift = added + removed + this.#kept + this.#unknown;
    const { clock, topic } = this.#context;
    await topic.append(encodeReconciled({ clock: clock.now(), instance: this.#instance, drift }), {
      expect: this.#seen,
    });
    return {
      listed: this.#listed,
      added,
      removed,
      unreadable: this.#unreadable,
      short: this.#short,
      kept: this.#kept,
      drift,
    };
  }

  /** @returns how many entries the list has, and how many of them do not even tell their network. */
  async #read(
    listing: Listing,
    policy: 'drop' | 'ignore',
    body: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<{ entries: number; nameless: number }> {
    const scanner = new EntryScanner(policy);
    const chunk = new ReportChunk();
    let [entries, unreadable, named] = [0, 0, 0];
    for await (const piece of body) {
      for (let at = 0; at < piece.length; at += SLICE_BYTES) {
        signal?.throwIfAborted();
        scanner.feed(piece.subarray(at, at + SLICE_BYTES), chunk);
        this.#seen = this.#context.topic.last;
        listing.compare(chunk, this.#corrections, this.#now());
        this.#unknown += listing.keep(scanner.named);
        this.#listed += chunk.reports;
        entries += chunk.elements;
        unreadable += chunk.elements - chunk.reports;
        named += scanner.named.reports;
        for (const [reason, count] of chunk.reasons) {
          this.#unreadable.set(reason, (this.#unreadable.get(reason) ?? 0) + count);
        }
        chunk.clear();
        scanner.named.clear();
        await this.#flush();
        await setImmediate();
      }
    }
    scanner.end();
    this.#unknown += unreadable - named;
    return { entries, nameless: unreadable - named };
  }

  /**
   * Takes out what the list did not hold.
   * @param keep - leave it: what the list holds and nobody can read, or does not hold though Couic has it, may be just that.
   */
  async #sweep(listing: Listing, keep: boolean, signal?: AbortSignal): Promise<void> {
    const { rules } = this.#context.state;
    const { bound } = listing;
    for (let from = 0; from < bound; from += SLICE_RULES) {
      signal?.throwIfAborted();
      this.#seen = this.#context.topic.last;
      for (const rule of listing.gone(from, Math.min(from + SLICE_RULES, bound), this.#now())) {
        if (keep) {
          this.#kept++;
          continue;
        }
        this.#corrections.remove(rules, rule, this.#tagOf(rule));
        if (this.#corrections.count === REMOVALS_PER_RECORD) await this.#flush();
      }
      await this.#flush();
      await setImmediate();
    }
  }

  async #flush(): Promise<void> {
    if (this.#corrections.count === 0) return;
    const corrections = this.#corrections;
    this.#corrections = new PackedRules();
    const { clock, topic } = this.#context;
    const how = { expect: this.#seen, canWait: true } as const;
    await topic.append(encodeCorrections(clock.now(), this.#instance, corrections), how);
  }

  #tagOf(rule: Rule): string | null {
    const { state } = this.#context;
    return state.find(this.#instance)!.tagOf(state.rules.tag(rule));
  }

  /** Unix seconds. */
  #now(): number {
    return this.#context.clock.now() / 1000;
  }

  #corrected(): { added: number; removed: number } {
    const { added, removed } = this.#context.state.find(this.#instance)?.corrections ?? { added: 0, removed: 0 };
    return { added, removed };
  }
}
