/** A report that was not valid, for the operator. */
export interface QuarantinedReport {
  instance: string;
  reason: string;
  /** Milliseconds since the epoch. */
  clock: number;
  /** The report's own text, cut to a bound; null when its body brought too many others. */
  text: string | null;
}
