import type { Policy } from './report.ts';
import { POLICIES, type RuleStore, type StoredRule } from './rule-store.ts';

export const SET_EXTENSION = '.couic';
const MAX_NAME_BYTES = 48;
/** Rust's `char::is_alphanumeric`: any letter or number of Unicode. */
const NAME = /^[\p{Alphabetic}\p{N}_-]+$/u;

/** The set files of one Couic: what they list is in force once they are loaded, at each start and when it is asked to. */
export class SetFiles {
  readonly #files: Record<Policy, Map<string, readonly string[]>> = { drop: new Map(), ignore: new Map() };

  /** @throws RangeError for a name that Couic refuses: it loads no set at all then. */
  write(name: string, policy: Policy, cidrs: Iterable<string>): void {
    if (!NAME.test(name) || Buffer.byteLength(name) > MAX_NAME_BYTES) throw new RangeError(`Invalid set name: ${name}`);
    this.#files[policy].set(name, [...cidrs]);
  }

  delete(name: string, policy: Policy): void {
    this.#files[policy].delete(name);
  }

  /** Ignore rules first: what is listed comes, also in place of a rule from the API; then what is listed no longer goes. */
  load(rules: RuleStore, now: number): void {
    for (const policy of [...POLICIES].reverse()) {
      const listed = new Map<string, StoredRule>();
      for (const [name, cidrs] of this.#files[policy]) {
        for (const cidr of cidrs) {
          listed.set(cidr, { creation: now, cidr, tag: name + SET_EXTENSION, expiration: 0 });
        }
      }
      const before = [...rules.of(policy)].filter(({ tag }) => tag.endsWith(SET_EXTENSION));
      for (const rule of listed.values()) {
        if (rules.get(policy, rule.cidr)?.tag !== rule.tag) rules.put(policy, rule);
      }
      for (const { cidr } of before) if (!listed.has(cidr)) rules.take(policy, cidr);
    }
  }
}
