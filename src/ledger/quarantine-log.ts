import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { counted } from '../telemetry/counted.ts';
import { Throttle } from '../telemetry/throttle.ts';

/** Reports that were not valid, by reason. */
type Reasons = Map<string, number>;

/** Lines of one instance that are written at once, and how long the rest is gathered, ms. */
const BURST = 3;
const PERIOD = 60_000;

/** Tells of reports that are not valid: a body can bring any number of them, in any number of chunks. */
export class QuarantineLog {
  readonly #logger: Logger;
  readonly #throttle: Throttle<ReadonlyMap<string, number>, Reasons>;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#throttle = new Throttle({
      clock,
      burst: BURST,
      period: PERIOD,
      add: (sum = new Map(), next) => {
        for (const [reason, count] of next) sum.set(reason, (sum.get(reason) ?? 0) + count);
        return sum;
      },
      flush: (instance, sum) => this.#write(instance, sum),
    });
  }

  /** @param reasons - of one chunk; not kept. */
  quarantined(instance: string, reasons: ReadonlyMap<string, number>): void {
    if (this.#throttle.pass(instance, reasons)) this.#write(instance, reasons);
  }

  /** Writes what is still held back. */
  close(): void {
    this.#throttle.close();
  }

  #write(instance: string, reasons: ReadonlyMap<string, number>): void {
    let total = 0;
    for (const count of reasons.values()) total += count;
    const each = Array.from(reasons, ([reason, count]) => `${reason}: ${count}`).join(', ');
    this.#logger.warn(
      { instance },
      `Quarantined ${counted(total, 'reports from Couic that are', 'report from Couic that is')} not valid (${each})`,
    );
  }
}
