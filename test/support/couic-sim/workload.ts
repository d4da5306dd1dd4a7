import type { AddOptions, SimulatedFirewall } from './firewall.ts';
import { below, pick, type Random, randomCidr } from './random.ts';
import type { CouicMetadata, Policy } from './report.ts';

export interface WorkloadOptions {
  readonly random: Random;
  /** Tags to choose from. */
  readonly tags: readonly (string | null)[];
  /** Seconds that a rule lives; 0 = for ever. */
  readonly lifetime: number;
  /** Share of rules that are removed again instead of one being added. */
  readonly removeShare?: number;
  /** Share of rules that are of the policy `ignore`. */
  readonly ignoreShare?: number;
  /** Share of changes that a peer brings: nobody reports them, and all are of drop rules. */
  readonly peerShare?: number;
  /** Share of removed rules that the next step adds again, as they were: within a second, with an equal report. */
  readonly againShare?: number;
  /** Share of rules without end whose client wrote the largest i64 or u64 for it. */
  readonly farShare?: number;
  /** Share of rules with metadata whose detail is this long; Couic's API takes 2 MB. */
  readonly longShare?: number;
  readonly longDetail?: number;
}

/** What clients of the API write for "never". */
const FAR = [2n ** 63n - 1n, 2n ** 64n - 1n] as const;
const KINDS = ['manual', 'automated', 'feed', 'reputation'];

/** Changes the rules of one firewall at random, one step at a time. */
export class Workload {
  readonly #firewall: SimulatedFirewall;
  readonly #options: WorkloadOptions;
  /** Rules that were added, some of which may have expired since. */
  readonly #added: { policy: Policy; cidr: string }[] = [];
  #again: { policy: Policy; cidr: string; tag: string | null } | undefined;

  constructor(firewall: SimulatedFirewall, options: WorkloadOptions) {
    this.#firewall = firewall;
    this.#options = options;
  }

  /** Adds or removes one rule. */
  step(): void {
    const { random, removeShare = 0.2, peerShare = 0 } = this.#options;
    if (this.#addAgain()) return;
    const byPeer = random() < peerShare;
    if (random() < removeShare && this.#removeOne(byPeer)) return;
    while (!this.#addOne(byPeer)) {}
  }

  #addAgain(): boolean {
    if (!this.#again) return false;
    const { policy, cidr, tag } = this.#again;
    this.#again = undefined;
    const added = this.#firewall.add(policy, cidr, { tag, lifetime: this.#options.lifetime });
    if (added) this.#added.push({ policy, cidr });
    return added;
  }

  #addOne(byPeer: boolean): boolean {
    const { random, tags, lifetime, ignoreShare = 0.1, farShare = 0.05 } = this.#options;
    const policy = !byPeer && random() < ignoreShare ? 'ignore' : 'drop';
    const cidr = randomCidr(random);
    const options: AddOptions = { tag: pick(random, tags) };
    if (lifetime === 0 && random() < farShare) options.expiration = pick(random, FAR);
    else options.lifetime = lifetime;
    const added = byPeer
      ? this.#firewall.addFromPeer(cidr, options)
      : this.#firewall.add(policy, cidr, { ...options, metadata: this.#metadata() });
    if (added) this.#added.push({ policy, cidr });
    return added;
  }

  #metadata(): CouicMetadata | null {
    const { random, longShare = 0, longDetail = 1_500_000 } = this.#options;
    if (random() < 0.5) return null;
    const detail = random() < longShare ? 'é'.repeat(longDetail / 2) : 'Repeated connection attempts';
    return { kind: pick(random, KINDS), detail, extra: { attempts: below(random, 500) } };
  }

  #removeOne(byPeer: boolean): boolean {
    const { random, againShare = 0.1 } = this.#options;
    while (this.#added.length > 0) {
      const index = below(random, this.#added.length);
      const { policy, cidr } = this.#added[index]!;
      this.#added[index] = this.#added.at(-1)!;
      this.#added.pop();
      const again = random() < againShare;
      if (byPeer && policy === 'drop') {
        if (this.#firewall.removeFromPeer(cidr)) return true;
        continue;
      }
      const tag = this.#firewall.tagOf(policy, cidr) ?? null;
      if (!this.#firewall.remove(policy, cidr)) continue;
      if (again) this.#again = { policy, cidr, tag };
      return true;
    }
    return false;
  }
}
