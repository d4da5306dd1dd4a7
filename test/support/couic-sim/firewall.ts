import type { CouicEntry, CouicMetadata, CouicReport, Policy } from './report.ts';
import { Traffic } from './traffic.ts';

interface Rule extends CouicEntry {
  /** Rules of a set file are there again after a restart. */
  readonly fromSet: boolean;
}

export interface FirewallOptions {
  /** Unix seconds of the Couic host. */
  now(): number;
  /** Where its reports go: the sender's `offer`. */
  report?(report: CouicReport): void;
  /** Whether a report is queued only after the next one, as happens to a remove and its add. @default never */
  overtaken?(): boolean;
}

export interface AddOptions {
  tag?: string | null;
  /** Seconds from now; 0 = never. */
  lifetime?: number;
  metadata?: CouicMetadata | null;
}

/**
 * The state of one simulated Couic: its rules, by whatever way they came, and its traffic. Its reports tell only of
 * what its own API was asked for; peers, set files, expiry and a restart are silent.
 */
export class SimulatedFirewall {
  readonly traffic = new Traffic();
  readonly #options: FirewallOptions;
  readonly #rules: Record<Policy, Map<string, Rule>> = { drop: new Map(), ignore: new Map() };
  /** How many rules have each tag: a tag's counters go with its last rule. */
  readonly #tags: Record<Policy, Map<string | null, number>> = { drop: new Map(), ignore: new Map() };
  #held: CouicReport | undefined;

  constructor(options: FirewallOptions) {
    this.#options = options;
  }

  /** `POST /v1/drop` or `/v1/ignore`. @returns false: 409, the rule is there already. */
  add(policy: Policy, cidr: string, options: AddOptions = {}): boolean {
    const rule = this.#put(policy, cidr, options, false);
    if (rule) this.#report('add', policy, rule, options.metadata ?? null);
    return rule !== undefined;
  }

  /** `DELETE`. @returns false: 404. */
  remove(policy: Policy, cidr: string): boolean {
    const rule = this.#take(policy, cidr);
    if (rule) this.#report('remove', policy, rule, null);
    return rule !== undefined;
  }

  /** A peer's rule: the node whose API was asked reports it, this one does not. */
  addFromPeer(policy: Policy, cidr: string, options: AddOptions = {}): boolean {
    return this.#put(policy, cidr, options, false) !== undefined;
  }

  removeFromPeer(policy: Policy, cidr: string): boolean {
    return this.#take(policy, cidr) !== undefined;
  }

  /** A set file, whole: what it lists comes, then what it no longer lists goes. */
  loadSet(name: string, policy: Policy, cidrs: Iterable<string>): void {
    const tag = `${name}.couic`;
    const listed = new Set(cidrs);
    for (const cidr of listed) this.#put(policy, cidr, { tag }, true);
    for (const rule of [...this.#rules[policy].values()]) {
      if (rule.tag === tag && !listed.has(rule.cidr)) this.#take(policy, rule.cidr);
    }
  }

  /** Lets rules go whose time is over, as Couic does each second. */
  expire(): void {
    const now = this.#options.now();
    for (const policy of ['drop', 'ignore'] as const) {
      for (const { cidr, expiration } of [...this.#rules[policy].values()]) {
        if (expiration !== 0 && expiration <= now) this.#take(policy, cidr);
      }
    }
  }

  /** Counters start again, and only the rules of set files come back. What the sender held is the caller's to lose. */
  restart(): void {
    for (const policy of ['drop', 'ignore'] as const) {
      for (const { cidr, fromSet } of [...this.#rules[policy].values()]) if (!fromSet) this.#take(policy, cidr);
    }
    this.#held = undefined;
    this.traffic.restart();
  }

  /** Packets that match a rule. @returns false: there is no such rule. */
  hit(policy: Policy, cidr: string, packets: number, bytes: number): boolean {
    const rule = this.#rules[policy].get(cidr);
    if (rule) this.traffic.match(policy, rule.tag, packets, bytes);
    return rule !== undefined;
  }

  /** All rules of a policy, as `GET /v1/drop` answers. */
  entries(policy: Policy): CouicEntry[] {
    return [...this.#rules[policy].values()].map(({ creation, cidr, tag, expiration }) => ({
      creation,
      cidr,
      tag,
      expiration,
    }));
  }

  count(policy: Policy): number {
    return this.#rules[policy].size;
  }

  /** Sends a report that is still held back to be overtaken. */
  flush(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held) this.#options.report?.(held);
  }

  #put(policy: Policy, cidr: string, { tag = null, lifetime = 0 }: AddOptions, fromSet: boolean): Rule | undefined {
    if (this.#rules[policy].has(cidr)) return undefined;
    const creation = this.#options.now();
    const rule = { creation, cidr, tag, expiration: lifetime === 0 ? 0 : creation + lifetime, fromSet };
    this.#rules[policy].set(cidr, rule);
    this.#tags[policy].set(tag, (this.#tags[policy].get(tag) ?? 0) + 1);
    return rule;
  }

  #take(policy: Policy, cidr: string): Rule | undefined {
    const rules = this.#rules[policy];
    const rule = rules.get(cidr);
    if (!rule) return undefined;
    rules.delete(cidr);
    const left = this.#tags[policy].get(rule.tag)! - 1;
    this.#tags[policy].set(rule.tag, left);
    if (left === 0) this.traffic.forget(policy, rule.tag);
    return rule;
  }

  #report(action: CouicReport['action'], policy: Policy, rule: Rule, metadata: CouicMetadata | null): void {
    const { creation, cidr, tag, expiration } = rule;
    const report: CouicReport = { action, policy, entry: { creation, cidr, tag, expiration }, metadata };
    if (this.#held === undefined && this.#options.overtaken?.()) {
      this.#held = report;
      return;
    }
    this.#options.report?.(report);
    this.flush();
  }
}
