import type { InstrumentationScope } from '../proto/common_pb.ts';
import type { Metric } from '../proto/metrics_pb.ts';
import type { Resource } from '../proto/resource_pb.ts';

/** Points of a piece at most: a millisecond or two of work, then others have their turn. */
export const POINTS_A_PIECE = 128;

/** A part of a request: one metric, or some of its points. */
export interface Piece {
  /** The same object for all pieces of one resource of the request, and of one scope. */
  readonly resource: Resource | undefined;
  readonly scope: InstrumentationScope | undefined;
  readonly metric: Metric;
}

/** The request is not what it says it is: it would be no other the next time. */
export class MalformedRequest extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(`the body is no ExportMetricsServiceRequest in ${what}`, options);
    this.name = 'MalformedRequest';
  }
}
