import { join } from 'node:path';
import { CouicApiServer } from '../../support/couic-sim/api-server.ts';
import { SimulatedCouic } from '../../support/couic-sim/couic.ts';
import { below, type Random, randomCidr, seededRandom } from '../../support/couic-sim/random.ts';
import type { Policy } from '../../support/couic-sim/report.ts';
import type { SenderTimings } from '../../support/couic-sim/sender.ts';
import type { Flow, Profile } from './profile.ts';

export interface FleetCouicOptions {
  readonly profile: Profile;
  /** The bridge's webhook, without the token. */
  readonly webhook: string;
  /** Unix seconds of the Couic host. */
  readonly now: () => number;
  readonly timings?: SenderTimings;
  readonly seed: number;
  /** Folder of the sockets of the APIs. */
  readonly sockets: string;
}

interface Removal {
  readonly at: number;
  readonly policy: Policy;
  readonly cidr: string;
}

const PACKET_BYTES = 74;
/** Of a client that may read counters and rules. */
const API_TOKEN = '88888888-8888-4888-8888-888888888888';

/** The bridge's configuration for the API of one Couic, on a socket in this folder. */
export function apiReceiver(directory: string, name: string): Record<string, unknown> {
  return {
    endpoint: `unix://${socketPath(directory, name)}`,
    instance: name,
    token: API_TOKEN,
    count_from_start: true,
  };
}

function socketPath(directory: string, name: string): string {
  return join(directory, `${name}.sock`);
}

/** A simulated Couic that lives by its profile, and knows what it really did. */
export class FleetCouic {
  readonly name: string;
  readonly couic: SimulatedCouic;
  readonly #api: CouicApiServer;
  /** Drop rules added, by tag. */
  readonly blocks = new Map<string | null, number>();
  readonly #profile: Profile;
  readonly #now: () => number;
  readonly #random: Random;
  #removals: Removal[] = [];
  #at: number;

  constructor({ profile, webhook, now, timings, seed, sockets }: FleetCouicOptions) {
    this.name = profile.name;
    this.couic = new SimulatedCouic({ webhook: `${webhook}/${profile.token}`, now, ...(timings && { timings }) });
    this.#api = new CouicApiServer({
      firewall: () => this.couic.firewall,
      clients: { [API_TOKEN]: 'admin' },
      listen: { socketPath: socketPath(sockets, profile.name) },
    });
    this.#profile = profile;
    this.#now = now;
    this.#random = seededRandom(seed);
    this.#at = now();
  }

  async start(): Promise<void> {
    await this.#api.start();
    this.couic.start();
  }

  async stop(): Promise<void> {
    await this.couic.stop();
    await this.#api.stop();
  }

  /** Does what is due since the last call: adds, removals, expiry, traffic. */
  advance(): void {
    const now = this.#now();
    const seconds = Math.max(0, now - this.#at);
    this.#at = now;
    if (this.#profile.asked(now)) this.#change(seconds, now);
    this.couic.firewall.expire();
    this.#flow(seconds);
  }

  #change(seconds: number, now: number): void {
    for (const flow of this.#profile.flows) this.#add(flow, flow.hourly(now) * (seconds / 3600), now);
    const due = this.#removals.filter(({ at }) => at <= now);
    this.#removals = this.#removals.filter(({ at }) => at > now);
    for (const { policy, cidr } of due) this.couic.firewall.remove(policy, cidr);
  }

  /** One rule, as an operator adds it by hand. */
  add(policy: Policy, cidr: string, tag: string | null, kind: string | null = 'manual', lifetime = 0): boolean {
    const metadata = kind === null ? null : { kind, detail: 'by the fleet of the conformance tests', extra: null };
    const added = this.couic.firewall.add(policy, cidr, { tag, lifetime, metadata });
    if (added && policy === 'drop') this.blocks.set(tag, (this.blocks.get(tag) ?? 0) + 1);
    return added;
  }

  #add({ policy, tag, kind, lifetime, removed }: Flow, expected: number, now: number): void {
    for (let left = this.#count(expected); left > 0; left--) {
      const cidr = randomCidr(this.#random);
      const jitter = Math.round(lifetime * (0.5 + this.#random()));
      if (!this.add(policy, cidr, tag, kind, lifetime && Math.max(1, jitter))) continue;
      if (this.#random() < removed) {
        this.#removals.push({ at: now + below(this.#random, Math.max(2, jitter || 3600)), policy, cidr });
      }
    }
  }

  #flow(seconds: number): void {
    const { traffic } = this.couic.firewall;
    const counts = new Map<string, number>();
    for (const { tag } of this.couic.firewall.entries('drop')) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    for (const { tag, packets, policy } of this.#profile.flows) {
      const matched = Math.round(
        (policy === 'drop' ? (counts.get(tag ?? '') ?? 0) : 1) * packets * seconds * this.#noise(),
      );
      if (matched > 0) traffic.match(policy, tag ?? '', matched, matched * PACKET_BYTES);
    }
    const passed = Math.round(this.#profile.passing * seconds * this.#noise());
    traffic.pass(passed, passed * 640);
  }

  /** A whole number around what is expected. */
  #count(expected: number): number {
    const noisy = expected * this.#noise();
    return Math.floor(noisy) + (this.#random() < noisy % 1 ? 1 : 0);
  }

  #noise(): number {
    return 0.75 + this.#random() / 2;
  }
}
