import { z } from 'zod';
import { durationSchema, formatDuration } from '../config/duration.ts';

/** Timers of Node end at 2^31 ms; nobody wants a connection to idle for longer than a day either. */
const LONGEST_TIMEOUT = 86_400_000;

/** An option that becomes a timer. @param value - its default, as the user would write it. */
export const timeoutOf = (value: string) =>
  durationSchema
    .prefault(value)
    .refine(
      (ms) => ms >= 1 && ms <= LONGEST_TIMEOUT,
      `expected a duration from 1ms to ${formatDuration(LONGEST_TIMEOUT)}`,
    );

/** An option that is a bound. */
export const boundOf = (value: number) => z.int().min(1).max(1_000_000).default(value);

/** The bounds of a listener, in the Collector's words where it has them. All are milliseconds but the last. */
export interface ListenerLimits {
  /** For the request line and the headers, and before that for the TLS handshake. */
  readonly read_header_timeout: number;
  /** For a connection without a request. */
  readonly idle_timeout: number;
  /** How long a client may be behind in reading its answers. */
  readonly write_timeout: number;
  readonly max_connections: number;
}

/** The options of a listener that has no reason for others. */
export const listenerLimitsShape = {
  read_header_timeout: timeoutOf('10s').describe('for a whole request, and before it for the TLS handshake'),
  idle_timeout: timeoutOf('2m').describe('for a connection without a request'),
  write_timeout: timeoutOf('30s').describe(
    'how long a client may be behind in reading its answers; then it is cut off',
  ),
  max_connections: boundOf(64).describe(
    'one more takes the place of the one that is silent for the longest; if none is, it is closed at once',
  ),
};
