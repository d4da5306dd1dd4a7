/** Name of the operation by which operators see how full a component's bounds are. */
export const LIMITS_OPERATION = 'limits.list';

/** One bound, and what takes it up. */
export interface LimitUse {
  /** Whose it is: a Couic instance; `-` for what all of them share. */
  readonly of: string;
  /** `tags`, `drop rules ipv4` … */
  readonly what: string;
  readonly used: number;
  readonly limit: number;
  /** What came when it was full, since the data directory is there; left out when nobody counts it. */
  readonly beyond?: number;
  /** Option that sets it; left out for what is fixed. */
  readonly option?: string;
}

export type LimitList = readonly LimitUse[];
