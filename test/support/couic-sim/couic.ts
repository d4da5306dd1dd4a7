import { type FirewallOptions, SimulatedFirewall } from './firewall.ts';
import type { CouicReport } from './report.ts';
import { CouicSender, type SenderCounts, type SenderOptions } from './sender.ts';

export interface SimulatedCouicOptions extends SenderOptions, Pick<FirewallOptions, 'overtaken' | 'cpus' | 'peers'> {
  /** Unix seconds of the Couic host. @default the host's clock */
  readonly now?: () => number;
  /** Told of each report as it is queued. */
  readonly onReport?: (report: CouicReport, queued: boolean) => void;
}

/** One whole Couic: its rules and traffic, and the worker that reports what its API was asked for. */
export class SimulatedCouic {
  readonly firewall: SimulatedFirewall;
  readonly #options: SimulatedCouicOptions;
  readonly #past: SenderCounts = { offered: 0, dropped: 0, acknowledged: 0, attempts: 0, failures: 0 };
  #sender: CouicSender;
  #lost = 0;

  constructor(options: SimulatedCouicOptions) {
    this.#options = options;
    this.#sender = new CouicSender(options);
    this.firewall = new SimulatedFirewall({
      ...options,
      now: options.now ?? (() => Math.floor(Date.now() / 1000)),
      report: (report: CouicReport) => {
        const queued = this.#sender.offer(report);
        options.onReport?.(report, queued);
      },
    });
  }

  /** Over all restarts. */
  get counts(): SenderCounts {
    return sum(this.#past, this.#sender.counts);
  }

  /** Reports that a restart lost: queued, and never acknowledged. The bridge may have taken them all the same. */
  get lost(): number {
    return this.#lost;
  }

  get waiting(): number {
    return this.#sender.waiting;
  }

  start(): void {
    this.#sender.start();
  }

  stop(): Promise<void> {
    return this.#sender.stop();
  }

  /** `systemctl restart couic`: dynamic rules, counters, and reports that wait are gone. */
  async restart(): Promise<void> {
    await this.#sender.stop();
    this.#lost += this.#sender.waiting;
    Object.assign(this.#past, sum(this.#past, this.#sender.counts));
    this.firewall.restart();
    this.#sender = new CouicSender(this.#options);
    this.#sender.start();
  }

  /** Resolves once every report was acknowledged. */
  async drained(): Promise<void> {
    this.firewall.flush();
    await this.#sender.drained();
  }
}

function sum(a: SenderCounts, b: SenderCounts): SenderCounts {
  return {
    offered: a.offered + b.offered,
    dropped: a.dropped + b.dropped,
    acknowledged: a.acknowledged + b.acknowledged,
    attempts: a.attempts + b.attempts,
    failures: a.failures + b.failures,
  };
}
