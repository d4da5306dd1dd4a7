import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';
import type { IngestResult } from '../../../src/ledger/ledger.ts';
import type { Carried } from '../../../src/service/carried.ts';
import { counter, histogram, observableCounter } from '../../../src/telemetry/instruments.ts';
import { ATTR } from '../../../src/telemetry/names.ts';
import { CAUSES, type CauseCode } from './errors.ts';
import { RECEIVER_METRICS } from './metrics.ts';

/** Status of a request whose client hung up before the answer, as nginx writes it; nothing was sent. */
export const CLIENT_GONE = 499;

interface Totals {
  accepted: number;
  replayed: number;
  readonly attributes: Attributes;
}

/** The receiver's instruments. What each request adds to is a plain number; it is handed over when metrics are collected. */
export class ReceiverTelemetry {
  readonly #totals: ReadonlyMap<string, Totals>;
  readonly #refused: Counter;
  readonly #duration: Histogram;
  readonly #durationAttributes = new Map<string, Attributes>();

  constructor(meter: Meter, carried: Carried, instances: readonly string[]) {
    const totalsOf = (name: string): Totals => ({ accepted: 0, replayed: 0, attributes: { [ATTR.instance]: name } });
    this.#totals = new Map(instances.map((name) => [name, carried.get(`totals of ${name}`, () => totalsOf(name))]));
    this.#refused = counter(meter, RECEIVER_METRICS.refusedRequests);
    this.#duration = histogram(meter, RECEIVER_METRICS.requestDuration);

    observableCounter(meter, RECEIVER_METRICS.acceptedReports).addCallback((result) => {
      for (const totals of this.#totals.values()) result.observe(totals.accepted, totals.attributes);
    });
    observableCounter(meter, RECEIVER_METRICS.replayedReports).addCallback((result) => {
      for (const totals of this.#totals.values()) result.observe(totals.replayed, totals.attributes);
    });
  }

  ingested(instance: string, { accepted, replayed }: IngestResult): void {
    const totals = this.#totals.get(instance)!;
    totals.accepted += accepted;
    totals.replayed += replayed;
  }

  refused(code: CauseCode, instance: string | undefined): void {
    this.#refused.add(1, {
      [ATTR.reason]: CAUSES[code].reason,
      ...(instance !== undefined && { [ATTR.instance]: instance }),
    });
  }

  /** @param route - as the router knows it, never the path itself; undefined when no route matched. */
  answered(route: string | undefined, method: string, status: number, milliseconds: number): void {
    const key = `${status} ${method} ${route}`;
    let attributes = this.#durationAttributes.get(key);
    if (!attributes) {
      attributes = {
        [ATTR.httpMethod]: method,
        [ATTR.httpStatus]: status,
        ...(route !== undefined && { [ATTR.httpRoute]: route }),
      };
      this.#durationAttributes.set(key, attributes);
    }
    this.#duration.record(milliseconds / 1000, attributes);
  }
}
