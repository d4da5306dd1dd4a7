import type { Logger } from 'pino';
import type { Clock } from '../../../src/clock.ts';
import type { IngestResult, ReportLine } from '../../../src/ledger/ledger.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { Throttle } from '../../../src/telemetry/throttle.ts';
import { CAUSES, type CauseCode } from './errors.ts';

interface Received extends IngestResult {
  requests: number;
}

/** What the receiver tells a person. The path of a request is in none of it: it holds the token. */
export class ReceiverLog {
  readonly #logger: Logger;
  readonly #reports: 'lines' | 'summary' | 'off';
  #network: (cidr: string) => string | null = (cidr) => cidr;
  readonly #received: Throttle<IngestResult, Received>;
  readonly #lines: Throttle<number>;
  readonly #refused: Throttle<number>;
  readonly #failed: Throttle<number>;

  /** @param reports - what is told of those that were taken. */
  constructor(logger: Logger, clock: Clock, reports: 'lines' | 'summary' | 'off' = 'lines') {
    this.#logger = logger;
    this.#reports = reports;
    this.#received = new Throttle({
      clock,
      burst: 5,
      period: 10_000,
      add: (sum, next) => (sum ? addTo(sum, next) : { ...next, requests: 1 }),
      flush: (instance, sum) => this.#writeReceived(instance, sum),
    });
    // What comes beyond is in the sums.
    this.#lines = new Throttle({ clock, burst: 10, period: 10_000, add: () => 0, flush: () => {} });
    this.#refused = new Throttle({
      clock,
      burst: 5,
      period: 10_000,
      add: (sum = 0, next) => sum + next,
      flush: (code, requests) => this.#logger.warn({ code, requests }, `Refused ${counted(requests, 'more requests')}`),
    });
    this.#failed = new Throttle({
      clock,
      burst: 5,
      period: 10_000,
      add: (sum = 0, next) => sum + next,
      flush: (instance, requests) =>
        this.#logger.error(
          { ...(instance && { instance }), requests },
          `${counted(requests, 'more requests')} failed inside the bridge`,
        ),
    });
  }

  /** @param network - what lines say of a network; null: nothing. */
  showNetworks(network: (cidr: string) => string | null): void {
    this.#network = network;
  }

  /** The lines are the ones that Couic's documentation tells a person to look for. */
  received(instance: string, result: IngestResult, lines: readonly ReportLine[]): void {
    if (this.#reports === 'off' || result.accepted + result.replayed + result.quarantined === 0) return;
    if (!this.#received.pass(instance, result)) return;
    this.#writeReceived(instance, result);
    if (this.#reports !== 'lines') return;
    for (const { action, policy, cidr, tag } of lines) {
      if (!this.#lines.pass(instance, 1)) return;
      const network = this.#network(cidr) ?? 'not shown';
      this.#logger.info({ instance }, `Action: ${action}, Policy: ${policy}, CIDR: ${network}, Tag: ${tag ?? 'none'}`);
    }
  }

  /** @param details - why, if there is more to say than the code does. */
  refused(code: CauseCode, instance: string | undefined, details?: Record<string, unknown>): void {
    if (!this.#refused.pass(code, 1)) return;
    this.#logger.warn(
      { code, ...(instance && { instance }), ...details },
      `Refused a request: ${CAUSES[code].message}`,
    );
  }

  /** @param addresses - where they send from; one when both are behind the same. */
  twoSenders(instance: string, addresses: readonly string[]): void {
    this.#logger.warn(
      { instance, remoteAddresses: addresses },
      'Two senders take turns on this instance, so their rules are mixed up and reports can be counted twice: give each Couic an instance and a token of its own',
    );
  }

  failed(error: unknown, instance?: string): void {
    if (!this.#failed.pass(instance ?? '', 1)) return;
    this.#logger.error(
      { ...(instance && { instance }), err: error },
      'A request failed inside the bridge; Couic will send its reports again',
    );
  }

  /** Logs what is still held back. */
  close(): void {
    this.#received.close();
    this.#lines.close();
    this.#refused.close();
    this.#failed.close();
  }

  #writeReceived(
    instance: string,
    { accepted, replayed, quarantined, requests = 1 }: IngestResult & Partial<Received>,
  ) {
    this.#logger.info(
      {
        instance,
        ...(requests > 1 && { requests }),
        ...(replayed > 0 && { replayed }),
        ...(quarantined > 0 && { quarantined }),
      },
      accepted > 0 ? `Received ${counted(accepted, 'reports')} from Couic` : 'Received nothing new from Couic',
    );
  }
}

function addTo(sum: Received, { accepted, replayed, quarantined }: IngestResult): Received {
  sum.requests += 1;
  sum.accepted += accepted;
  sum.replayed += replayed;
  sum.quarantined += quarantined;
  return sum;
}
