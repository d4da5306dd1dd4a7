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

/** An answer that is not what was asked for. @param retryAfter - milliseconds, of an answer that may be another one later. */
export function refused(status: number, message: string, isRetryable: boolean, retryAfter?: number): Outcome {
  const reason = `status_${status}`;
  if (!isRetryable) return { kind: 'failure', reason, message };
  return { kind: 'retryable', reason, message, ...(retryAfter !== undefined && { retryAfter }) };
}

/** To follow the message of an answer with 3xx, for who set `endpoint`. */
export const NO_REDIRECTS = ': redirects are not followed, the headers would go elsewhere: set endpoint to the target';
