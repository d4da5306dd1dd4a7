/** The operation of the ledger that tells how each Couic does. It answers with a `Summary`. */
export const SUMMARY_OPERATION = 'ledger.summary';

/** By address family. */
export interface ByFamily {
  readonly ipv4: number;
  readonly ipv6: number;
}

/** One Couic, as the ledger knows it. Times are ms since the epoch; null for never, and for what nobody told. */
export interface InstanceSummary {
  readonly instance: string;
  readonly lastReport: number | null;
  /** In force. */
  readonly rules: { readonly drop: ByFamily; readonly ignore: ByFamily };
  /** How many Couic has room for, of each address family. */
  readonly limits: { readonly drop: number; readonly ignore: number };
  /** The tags with the most drop rules in force, most first; null for rules without one. */
  readonly tags: readonly { readonly tag: string | null; readonly rules: number }[];
  /** Whether Couic's API answered the last time. */
  readonly up: boolean | null;
  /** By how many rules the ledger is away from Couic. */
  readonly drift: number | null;
  /** When rules were last compared with Couic's own list. */
  readonly comparedAt: number | null;
  /** What Couic's API counted as dropped, while the bridge was there. */
  readonly dropped: { readonly packets: number; readonly bytes: number } | null;
  /** Reports that were not valid and are kept for the operator, the newest hundred at most. */
  readonly quarantined: number;
}

/** Those that have sent something, or whose API was asked. */
export type Summary = readonly InstanceSummary[];
