import type { PeerWorker } from './peers.ts';
import type { CouicEntry, CouicMetadata, CouicReport, Policy } from './report.ts';
import { isIpv6, POLICIES, RuleStore, type StoredRule } from './rule-store.ts';
import { SET_EXTENSION, SetFiles } from './set-files.ts';
import { Traffic } from './traffic.ts';

export interface FirewallOptions {
  /** Unix seconds of the Couic host. */
  now(): number;
  /** Where its reports go: the sender's `offer`. */
  report?(report: CouicReport): void;
  /** Whether a report is queued only after the next one, as happens to a remove and its add. @default never */
  overtaken?(report: CouicReport): boolean;
  /** CPUs of the Couic host. @default 2 */
  readonly cpus?: number;
  /** Couic without peers has none. */
  readonly peers?: PeerWorker;
}

export interface AddOptions {
  tag?: string | null;
  /** Seconds from now; 0 = never. */
  lifetime?: number;
  /** Unix seconds, any u64, instead of `lifetime`: what a client of the API writes. */
  expiration?: number | bigint;
  metadata?: CouicMetadata | null;
}

/**
 * The state of one simulated Couic: its rules, by whatever way they came, and its traffic. Its reports tell only of
 * what its own API was asked for; peers, set files, expiry and a restart are silent. The README beside this says of
 * each behaviour where it is known from.
 */
export class SimulatedFirewall {
  readonly traffic: Traffic;
  readonly #options: FirewallOptions;
  readonly #sets = new SetFiles();
  #rules: RuleStore;
  #held: CouicReport | undefined;

  constructor(options: FirewallOptions) {
    this.#options = options;
    this.traffic = new Traffic(options.cpus);
    this.#rules = this.#emptyRules();
  }

  /**
   * `POST /v1/drop` or `/v1/ignore`.
   *
   * @returns false: 409, the rule is there already, or there is no room.
   * @throws RangeError for what Couic answers with 422.
   */
  add(policy: Policy, cidr: string, options: AddOptions = {}): boolean {
    const rule = this.#ruleOf(cidr, options);
    if (!this.#put(policy, rule)) return false;
    // The entry as the API's client wrote it, not as it is stored.
    const entry = { ...rule, tag: options.tag || null };
    this.#options.peers?.queue('add', entry);
    this.#report('add', policy, entry, options.metadata ?? null);
    return true;
  }

  /** `DELETE`. @returns false: 404, or 422 for a rule of a set file. */
  remove(policy: Policy, cidr: string): boolean {
    if (this.#rules.get(policy, cidr)?.tag.endsWith(SET_EXTENSION)) return false;
    const rule = this.#rules.take(policy, cidr);
    if (!rule) return false;
    this.#options.peers?.queue('remove', rule);
    this.#report('remove', policy, rule, null);
    return true;
  }

  /**
   * A peer's rule, a drop rule whatever it is there: the node whose API was asked reports it, this one does not.
   *
   * @returns false: 409, and the rest of that peer's jobs is not looked at.
   */
  addFromPeer(cidr: string, options: AddOptions = {}): boolean {
    return this.#put('drop', this.#ruleOf(cidr, options));
  }

  /** @returns false: 404, as above. */
  removeFromPeer(cidr: string): boolean {
    return this.#rules.take('drop', cidr) !== undefined;
  }

  /** Whether this is no expiration that a request may have. */
  isOver(expiration: number | bigint): boolean {
    return expiration > 0 && expiration <= this.#options.now();
  }

  /** A set file is written, and `couicctl sets reload` follows. */
  loadSet(name: string, policy: Policy, cidrs: Iterable<string>): void {
    this.#sets.write(name, policy, cidrs);
    this.#sets.load(this.#rules, this.#options.now());
  }

  deleteSet(name: string, policy: Policy): void {
    this.#sets.delete(name, policy);
    this.#sets.load(this.#rules, this.#options.now());
  }

  /** Lets rules go whose time is over, as Couic does each second. */
  expire(): void {
    const now = this.#options.now();
    for (const policy of POLICIES) {
      for (const { cidr, expiration } of [...this.#rules.of(policy)]) {
        if (expiration && expiration <= now) this.#rules.take(policy, cidr);
      }
    }
  }

  /** Counters start again, and only what set files list is there again, as new. What the sender held is the caller's to lose. */
  restart(): void {
    this.traffic.restart();
    this.#held = undefined;
    this.#rules = this.#emptyRules();
    this.#sets.load(this.#rules, this.#options.now());
  }

  /** Packets that a rule matches. @returns false: there is no such rule. */
  hit(policy: Policy, cidr: string, packets: number, bytes: number): boolean {
    const rule = this.#rules.get(policy, cidr);
    if (rule) this.traffic.match(policy, rule.tag, packets, bytes, cpuOf(cidr));
    return rule !== undefined;
  }

  /** All rules of a policy, in the order in which they came. */
  entries(policy: Policy): StoredRule[] {
    return [...this.#rules.of(policy)];
  }

  /** All rules of a policy as `GET /v1/drop` answers: IPv4 first, in the order of a hash table. */
  list(policy: Policy): CouicEntry[] {
    return [...this.#rules.of(policy)]
      .map((rule) => ({ rule, at: hash(rule.cidr) + (isIpv6(rule.cidr) ? 2 ** 32 : 0) }))
      .sort((a, b) => a.at - b.at)
      .map(({ rule }) => rule);
  }

  /** @returns undefined when there is no such rule; `""` for none. */
  tagOf(policy: Policy, cidr: string): string | undefined {
    return this.#rules.get(policy, cidr)?.tag;
  }

  count(policy: Policy): number {
    return this.#rules.count(policy);
  }

  /** Sends a report that is still held back to be overtaken. */
  flush(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held) this.#options.report?.(held);
  }

  #emptyRules(): RuleStore {
    return new RuleStore((tag) => this.traffic.forget(tag));
  }

  #ruleOf(cidr: string, { tag, lifetime = 0, expiration }: AddOptions): StoredRule {
    const creation = this.#options.now();
    if (tag && (!/^[A-Za-z0-9_-]{1,64}$/.test(tag) || tag.toLowerCase() === 'untagged')) {
      throw new RangeError(`Couic refuses the tag "${tag}"`);
    }
    if (expiration !== undefined && this.isOver(expiration)) {
      throw new RangeError('expiration timestamp must be in the future or zero');
    }
    return { creation, cidr, tag: tag ?? '', expiration: expiration ?? (lifetime === 0 ? 0 : creation + lifetime) };
  }

  #put(policy: Policy, rule: StoredRule): boolean {
    if (this.#rules.get(policy, rule.cidr) || !this.#rules.hasRoom(policy, rule.cidr)) return false;
    this.#rules.put(policy, rule);
    return true;
  }

  #report(action: CouicReport['action'], policy: Policy, entry: CouicEntry, metadata: CouicMetadata | null): void {
    const report: CouicReport = { action, policy, entry, metadata };
    if (this.#held === undefined && this.#options.overtaken?.(report)) {
      this.#held = report;
      return;
    }
    this.#options.report?.(report);
    this.flush();
  }
}

/** Those of one network come to one CPU; of one sender, most come to the first. */
function cpuOf(cidr: string): number {
  return hash(cidr) % 16 === 0 ? 1 : 0;
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}
