/** What one attempt to deliver something came to. */
export type Outcome =
  | { readonly kind: 'success' }
  /** It may succeed later, with the same bytes. */
  | {
      readonly kind: 'retryable';
      /** `timeout`, `connection`, `tls` or `status_NNN`: the attribute `reason`. */
      readonly reason: string;
      /** What happened and what to do, for a person. */
      readonly message: string;
      /** Milliseconds that the other side asked to wait. */
      readonly retryAfter?: number;
    }
  /** It never will. */
  | { readonly kind: 'failure'; readonly reason: string; readonly message: string };
