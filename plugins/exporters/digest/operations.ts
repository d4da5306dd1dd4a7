/** Names of the operations by which operators look after digests. */
export const DIGEST_OPERATIONS = { status: 'digest.status', test: 'digest.test' } as const;

/** How an exporter of digests does. */
export interface DigestStatus {
  /** When the interval that is counted began, ms since the epoch; null before the first start. */
  readonly since: number | null;
  /** Milliseconds. */
  readonly interval: number;
  /** Rules added since, as far as they were read; null while no bridge runs. */
  readonly total: number | null;
  readonly notifiers: readonly {
    readonly id: string;
    readonly target: string;
    /** Digests that it was not told yet. */
    readonly waiting: number;
    readonly trouble: string | null;
  }[];
}

/** What came of telling one notifier. */
export interface TestResult {
  readonly id: string;
  readonly target: string;
  /** Null when it was taken. */
  readonly problem: string | null;
}
