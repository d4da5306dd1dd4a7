import type { Logger } from 'pino';
import type { Clock } from '../../../src/clock.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { Throttle } from '../../../src/telemetry/throttle.ts';
import { CAUSES, type CauseCode } from './answers.ts';
import { partialSuccessOf, type Taken } from './intake.ts';

/** Lines of one kind in a minute. */
const BURST = 3;
const PERIOD = 60_000;

/** What the log says of requests: what was taken is in the metrics, what was refused is told a few times. */
export class OtlpLog {
  readonly #logger: Logger;
  readonly #refused: Throttle<number>;
  readonly #points: Throttle<number>;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    const common = { clock, period: PERIOD, add: (sum = 0, next: number) => sum + next };
    this.#refused = new Throttle<number>({
      ...common,
      burst: BURST,
      flush: (code, count) =>
        logger.warn(
          { code, count },
          `Refused ${counted(count, 'more requests')}: ${CAUSES[code as CauseCode].message}`,
        ),
    });
    this.#points = new Throttle<number>({
      ...common,
      burst: 1,
      flush: (_, count) => logger.warn({ points: count }, `Refused ${counted(count, 'more points')}`),
    });
  }

  /** @param details - why, if there is more to say than the code does. */
  refused(code: CauseCode, details: Readonly<Record<string, unknown>> = {}): void {
    if (this.#refused.pass(code, 1))
      this.#logger.warn({ code, ...details }, `Refused a request: ${CAUSES[code].message}`);
  }

  /** Points of a request that was taken. */
  refusedPoints(taken: Taken): void {
    const partial = partialSuccessOf(taken);
    if (!partial) return;
    const reasons = [...taken.refused.keys()].sort().join(' ');
    if (!this.#points.pass(reasons, partial.rejected)) return;
    const advice = taken.refused.has('limit') ? '. Raise max_series, or have fewer series sent' : '';
    this.#logger.warn({ points: partial.rejected }, `Refused ${partial.message}${advice}`);
  }

  failed(error: unknown): void {
    this.#logger.error({ err: error }, 'A request failed inside the bridge');
  }

  /** Logs what is still held back. */
  close(): void {
    this.#refused.close();
    this.#points.close();
  }
}
