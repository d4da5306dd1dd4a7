/** What an operator is told by `couic-otel-bridge doctor`, a line each. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'failure';
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
}
