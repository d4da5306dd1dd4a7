import { CouicApiServer } from '../../support/couic-sim/api-server.ts';
import { SimulatedCouic } from '../../support/couic-sim/couic.ts';
import { below, pick, type Random } from '../../support/couic-sim/random.ts';
import type { Policy } from '../../support/couic-sim/report.ts';
import { Workload } from '../../support/couic-sim/workload.ts';
import { Model } from '../crash/model.ts';

export const MONITORING = 'd6ac883a-8050-4408-bf1e-5b07e9965191';
export const CLIENTRO = '01115f88-fd3d-4fbd-b205-44c90e81dae5';

const TAGS = ['ssh', 'scan', 'web', null] as const;
const SET = 'liste-é';
const POLICIES = ['drop', 'ignore'] as const;
const TIMINGS = { look: 10, timeout: 1000, backoff: 1000, maxBackoff: 1000 };
/** Rules that keep a tag's counters from vanishing by chance: what they had counted would be lost to whoever reads later. */
const ANCHORS: Readonly<Record<Policy, string>> = { drop: '10.255.1', ignore: '10.255.2' };

/** A host with a Couic: its rules, its traffic, its reports and its API, and what all of that should add up to. */
export class SimulatedHost {
  readonly model = new Model();
  readonly couic: SimulatedCouic;
  readonly api: CouicApiServer;
  restarts = 0;
  readonly #random: Random;
  readonly #workloads: readonly Workload[];

  constructor(random: Random, webhook: string, socketPath: string) {
    this.#random = random;
    this.couic = new SimulatedCouic({
      webhook,
      timings: TIMINGS,
      overtaken: () => random() < 0.05,
      onReport: (report, queued) => {
        if (!queued) throw new Error('the channel of the simulated Couic is full: the run is too fast');
        this.model.count(report);
      },
    });
    this.api = new CouicApiServer({
      firewall: () => this.couic.firewall,
      clients: { [MONITORING]: 'monitoring', [CLIENTRO]: 'clientro' },
      listen: { socketPath },
    });
    const common = { random, tags: TAGS, peerShare: 0.3, longShare: 0.005 };
    this.#workloads = [3, 0].map((lifetime) => new Workload(this.couic.firewall, { ...common, lifetime }));
  }

  async start(): Promise<void> {
    await this.api.start();
    this.couic.start();
    this.anchor();
  }

  async stop(): Promise<void> {
    await this.couic.stop();
    await this.api.stop();
  }

  /** Some changes of rules, and some packets. */
  act(): void {
    const random = this.#random;
    const { firewall } = this.couic;
    firewall.expire();
    for (let i = 1 + below(random, 4); i > 0; i--) pick(random, this.#workloads).step();
    if (random() < 0.05) {
      const first = below(random, 200);
      firewall.loadSet(
        SET,
        'drop',
        [0, 1, 2].map((n) => `10.254.0.${first + n}/32`),
      );
    }
    for (let i = below(random, 6); i > 0; i--) {
      const policy = pick(random, POLICIES);
      const packets = 1 + below(random, 50);
      firewall.hit(policy, pick(random, firewall.entries(policy)).cidr, packets, packets * (40 + below(random, 1400)));
    }
    firewall.traffic.pass(below(random, 1000), below(random, 1_000_000), pick(random, ['XDP_PASS', 'XDP_TX']));
  }

  /** `systemctl restart couic`, sometimes twice, so that the second one finds no packet counted. */
  async restart(): Promise<void> {
    for (let i = 1 + below(this.#random, 2); i > 0; i--) {
      await this.couic.restart();
      this.restarts++;
    }
    if (this.#random() < 0.5) this.couic.firewall.traffic.pass(1, 60, 'XDP_REDIRECT');
    this.anchor();
  }

  /** Every rule of a tag goes, and its counters with the last of them. */
  forget(): void {
    const { firewall } = this.couic;
    const tag = pick(this.#random, TAGS) ?? '';
    for (const policy of POLICIES) {
      for (const { cidr } of firewall.entries(policy).filter((rule) => rule.tag === tag)) {
        if (policy === 'drop' && this.#random() < 0.5) firewall.removeFromPeer(cidr);
        else firewall.remove(policy, cidr);
      }
    }
  }

  /** Every tag has a rule again. */
  anchor(): void {
    const { firewall } = this.couic;
    for (const policy of POLICIES) {
      for (const [index, tag] of TAGS.entries()) firewall.add(policy, `${ANCHORS[policy]}.${index}/32`, { tag });
      firewall.loadSet(SET, policy, [`10.254.${policy === 'drop' ? 0 : 1}.250/32`]);
    }
  }

  /** What flowed, by `XDP_DROP` and by `drop ssh`. */
  truth(unit: 'packets' | 'bytes'): { xdp: Record<string, number>; tags: Record<string, number> } {
    const { xdp, tags } = this.couic.firewall.traffic.truth;
    return {
      xdp: Object.fromEntries(Object.entries(xdp).map(([action, count]) => [action, count[unit]])),
      tags: Object.fromEntries(
        POLICIES.flatMap((policy) => [...tags[policy]].map(([tag, count]) => [`${policy} ${tag}`, count[unit]])),
      ),
    };
  }
}
