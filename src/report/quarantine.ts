/** Why a report was not taken. Values of the `reason` attribute of `couic.bridge.receiver.quarantined_reports`. */
const REASONS = [
  'not_an_object',
  'unknown_action',
  'unknown_policy',
  'bad_entry',
  'bad_cidr',
  'bad_timestamp',
  'bad_tag',
  'tag_too_long',
  'too_large',
] as const;

export type Reason = (typeof REASONS)[number];

/** How much of a quarantined report's text is kept, in bytes: whole for what Couic sends, bounded for what it does not. */
export const KEPT_TEXT = 2048;

/** A report that was not taken, in the order of the body. */
export interface Quarantined {
  readonly reason: Reason;
  /** Its beginning; null when its chunk had kept enough of others. */
  readonly text: string | null;
}
