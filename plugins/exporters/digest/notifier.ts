import type { Outcome } from '../../../src/delivery/outcome.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import type { Digest } from './digest.ts';

/** Of the exporter, for messages. */
export interface About {
  /** How notifications call this bridge. */
  readonly name: string;
  /** Milliseconds. */
  readonly interval: number;
  readonly thresholds: { readonly orange: number; readonly red: number };
}

/** Whoever is told. */
export interface Notifier {
  /** `discord`, `webhook/NAME`. */
  readonly id: string;
  /** Where it is, without a secret. */
  readonly shown: string;
  /** Reads files that it needs. Rejects with what to do. */
  open(): Promise<void>;
  /** @param signal - ends the attempt; nobody knows then whether it arrived. */
  send(digest: Digest, signal: AbortSignal): Promise<Outcome>;
  /** Tells that digests will come here. @param id - of this message. */
  test(id: string, signal: AbortSignal): Promise<Outcome>;
  /** Looks whether it could be told, and tells nothing. */
  examine(signal: AbortSignal): Promise<readonly Finding[]>;
  close(): Promise<void>;
}
