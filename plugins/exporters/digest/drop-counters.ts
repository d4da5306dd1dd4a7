import type { TrafficChange } from '../../../src/ledger/traffic.ts';

const DROP = 'XDP_DROP';

/** Where the counter of dropped packets of each Couic stood when an interval ended: decimal digits, since they pass 2^53. */
export type DropCounts = Readonly<Record<string, string>>;

/** Adds up the packets that XDP dropped, from the counters that a couic_api receiver reads. */
export class DropCounters {
  readonly #standing = new Map<string, bigint>();
  readonly #dropped = new Map<string, bigint>();

  /** @param counts - of the end of the interval before. */
  constructor(counts: DropCounts) {
    for (const [instance, count] of Object.entries(counts)) {
      this.#standing.set(instance, BigInt(count));
      this.#dropped.set(instance, 0n);
    }
  }

  /** What a reading changed. */
  read(instance: string, { first, restarted, changed, gone }: TrafficChange): void {
    const before = this.#standing.get(instance);
    const packets = changed.xdp.find(([name]) => name === DROP)?.[1];
    const now = packets ?? (restarted || first !== null || gone.xdp.includes(DROP) ? 0n : before);
    // A counter that was not followed before stands there from the past.
    if (now === undefined) return;
    const beganAgain = restarted || first === 'counted';
    const since = beganAgain ? now : first === 'baseline' || before === undefined || now < before ? 0n : now - before;
    this.#standing.set(instance, now);
    this.#dropped.set(instance, (this.#dropped.get(instance) ?? 0n) + since);
  }

  /** Since the interval began; null when nobody reads that Couic's counters. */
  of(instance: string): number | null {
    const dropped = this.#dropped.get(instance);
    return dropped === undefined ? null : Number(dropped);
  }

  get counts(): DropCounts {
    return Object.fromEntries(Array.from(this.#standing, ([instance, count]) => [instance, String(count)]));
  }

  get instances(): readonly string[] {
    return [...this.#standing.keys()];
  }
}
