/** What the attributes of one instance may take up in metrics; what comes beyond is counted as `_OTHER`. */
export interface AttributeLimits {
  /** Distinct tags. @default 500; at most 65,000 */
  readonly tags: number;
  /** Distinct kinds. @default 20; at most 250 */
  readonly kinds: number;
  /** Series of `couic.reports`, the one metric whose attributes multiply. @default 10,000 */
  readonly series: number;
}

export const DEFAULT_LIMITS: AttributeLimits = { tags: 500, kinds: 20, series: 10_000 };

/** What the maps of Couic hold, by policy, for each address family. Source: Couic 1.0.2. */
export const RULE_LIMITS = { drop: 262_144, ignore: 65_536 } as const;
