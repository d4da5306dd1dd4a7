import type { Attributes, Counter, Meter } from '@opentelemetry/api';
import { counter, observableGauge } from '../../../src/telemetry/instruments.ts';
import { ATTR } from '../../../src/telemetry/names.ts';
import { CAUSES, type CauseCode } from './answers.ts';
import type { Taken } from './intake.ts';
import { OTLP_METRICS } from './metrics.ts';

/** The receiver's instruments. */
export class OtlpTelemetry {
  readonly #of: Attributes;
  readonly #points: Counter;
  readonly #refusedPoints: Counter;
  readonly #refused: Counter;

  /** @param series - how many there are. */
  constructor(meter: Meter, receiver: string, series: () => number, limit: number) {
    this.#of = { [ATTR.receiver]: receiver };
    this.#points = counter(meter, OTLP_METRICS.takenPoints);
    this.#refusedPoints = counter(meter, OTLP_METRICS.refusedPoints);
    this.#refused = counter(meter, OTLP_METRICS.refusedRequests);
    observableGauge(meter, OTLP_METRICS.series).addCallback((result) => result.observe(series(), this.#of));
    observableGauge(meter, OTLP_METRICS.seriesLimit).addCallback((result) => result.observe(limit, this.#of));
  }

  taken({ taken, unchanged, refused }: Taken): void {
    this.#points.add(taken + unchanged, this.#of);
    for (const [reason, points] of refused) this.#refusedPoints.add(points, { ...this.#of, [ATTR.reason]: reason });
  }

  refused(code: CauseCode): void {
    this.#refused.add(1, { ...this.#of, [ATTR.reason]: CAUSES[code].reason });
  }
}
