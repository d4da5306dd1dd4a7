import type { SimulatedFirewall } from './firewall.ts';
import { below, pick, type Random, randomCidr } from './random.ts';
import type { Policy } from './report.ts';

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
  /** Share of changes that a peer brings: nobody reports them. */
  readonly peerShare?: number;
}

const KINDS = ['manual', 'automated', 'feed', 'reputation'];

/** Changes the rules of one firewall at random, one step at a time. */
export class Workload {
  readonly #firewall: SimulatedFirewall;
  readonly #options: WorkloadOptions;
  /** Rules that were added, some of which may have expired since. */
  readonly #added: { policy: Policy; cidr: string }[] = [];

  constructor(firewall: SimulatedFirewall, options: WorkloadOptions) {
    this.#firewall = firewall;
    this.#options = options;
  }

  /** Adds or removes one rule. */
  step(): void {
    const { random, removeShare = 0.2, peerShare = 0 } = this.#options;
    const byPeer = random() < peerShare;
    if (random() < removeShare && this.#removeOne(byPeer)) return;
    while (!this.#addOne(byPeer)) {}
  }

  #addOne(byPeer: boolean): boolean {
    const { random, tags, lifetime, ignoreShare = 0.1 } = this.#options;
    const policy = random() < ignoreShare ? 'ignore' : 'drop';
    const cidr = randomCidr(random);
    const tag = pick(random, tags);
    const metadata =
      random() < 0.5
        ? null
        : {
            kind: pick(random, KINDS),
            detail: 'Repeated connection attempts',
            extra: { attempts: below(random, 500) },
          };
    const added = byPeer
      ? this.#firewall.addFromPeer(policy, cidr, { tag, lifetime })
      : this.#firewall.add(policy, cidr, { tag, lifetime, metadata });
    if (added) this.#added.push({ policy, cidr });
    return added;
  }

  #removeOne(byPeer: boolean): boolean {
    const { random } = this.#options;
    while (this.#added.length > 0) {
      const index = below(random, this.#added.length);
      const { policy, cidr } = this.#added[index]!;
      this.#added[index] = this.#added.at(-1)!;
      this.#added.pop();
      const removed = byPeer ? this.#firewall.removeFromPeer(policy, cidr) : this.#firewall.remove(policy, cidr);
      if (removed) return true;
    }
    return false;
  }
}
