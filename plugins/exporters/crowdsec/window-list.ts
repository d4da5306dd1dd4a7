/** Names and shapes of the operations by which operators look after windows. */
export const WINDOW_OPERATIONS = { list: 'windows.list', show: 'windows.show', resend: 'windows.resend' } as const;

export interface WindowSummary {
  readonly number: number;
  readonly state: 'waiting' | 'quarantined';
  /** Milliseconds since the epoch. */
  readonly sealedAt: number;
  readonly items: number;
  readonly bytes: number;
  /** Why it was refused. */
  readonly reason?: string;
}

export interface WindowList {
  readonly windows: readonly WindowSummary[];
  /** Number of the last window that was sealed; 0 before the first. */
  readonly lastNumber: number;
  /** Milliseconds since the epoch of the last one that was taken. */
  readonly lastSentAt: number | null;
  readonly dryRun: boolean;
}

export interface ShownWindow extends WindowSummary {
  /** The request's body, to the byte. */
  readonly body: string;
}
