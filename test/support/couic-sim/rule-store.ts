import type { CouicEntry, Policy } from './report.ts';

/** A rule as Couic stores it: no tag is `""`. */
export interface StoredRule extends CouicEntry {
  readonly tag: string;
}

export const POLICIES = ['drop', 'ignore'] as const;
/** Rules of each address family that the kernel's maps hold. */
export const CAPACITY: Readonly<Record<Policy, number>> = { drop: 262_144, ignore: 65_536 };

/** The rules of one Couic, and how many of both policies have each tag. */
export class RuleStore {
  readonly #rules: Record<Policy, Map<string, StoredRule>> = { drop: new Map(), ignore: new Map() };
  readonly #ipv6: Record<Policy, number> = { drop: 0, ignore: 0 };
  readonly #tags = new Map<string, number>();
  readonly #onTagGone: (tag: string) => void;

  /** @param onTagGone - told when the last rule with a tag is gone. */
  constructor(onTagGone: (tag: string) => void) {
    this.#onTagGone = onTagGone;
  }

  get(policy: Policy, cidr: string): StoredRule | undefined {
    return this.#rules[policy].get(cidr);
  }

  of(policy: Policy): IterableIterator<StoredRule> {
    return this.#rules[policy].values();
  }

  count(policy: Policy): number {
    return this.#rules[policy].size;
  }

  /** Whether another rule of this network's family has room. */
  hasRoom(policy: Policy, cidr: string): boolean {
    const ipv6 = this.#ipv6[policy];
    return (isIpv6(cidr) ? ipv6 : this.count(policy) - ipv6) < CAPACITY[policy];
  }

  /** In place of the rule that was there, if one was. */
  put(policy: Policy, rule: StoredRule): void {
    // The new tag is counted before the old one is let go.
    this.#tags.set(rule.tag, (this.#tags.get(rule.tag) ?? 0) + 1);
    const old = this.#rules[policy].get(rule.cidr);
    this.#rules[policy].set(rule.cidr, rule);
    if (old) this.#release(old.tag);
    else if (isIpv6(rule.cidr)) this.#ipv6[policy]++;
  }

  take(policy: Policy, cidr: string): StoredRule | undefined {
    const rule = this.#rules[policy].get(cidr);
    if (!rule) return undefined;
    this.#rules[policy].delete(cidr);
    if (isIpv6(cidr)) this.#ipv6[policy]--;
    this.#release(rule.tag);
    return rule;
  }

  #release(tag: string): void {
    const left = this.#tags.get(tag)! - 1;
    if (left > 0) {
      this.#tags.set(tag, left);
      return;
    }
    this.#tags.delete(tag);
    this.#onTagGone(tag);
  }
}

export function isIpv6(cidr: string): boolean {
  return cidr.includes(':');
}
