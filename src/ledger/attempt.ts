/**
 * One request of a sender, with what decides whether a later one can be its retry. Times are of the monotonic clock, in
 * milliseconds.
 */
export interface Attempt {
  /** The same object for all requests of one connection. */
  readonly connection: object;
  /** When the connection was accepted. */
  readonly acceptedAt: number;
  /** Since when nothing had been heard or answered on the connection, before this request. */
  readonly silentSince: number;
  /** When the first byte that belongs to this request alone may have come: its connection, or its head on one that was kept. */
  readonly arrivedAt: number;
  /** When its head was read. */
  readonly beganAt: number;
  /** When its 2xx was flushed to a connection that was open; undefined as long as it was not. Set by whoever answers. */
  answeredAt: number | undefined;
  /** Whether the event loop has been so late since then that what this process knows of connections was out of date. */
  wasLateSince(time: number): boolean;
}

/** Of a caller that knows nothing of connections: never known to be answered. */
export function unknownAttempt(now: number): Attempt {
  return {
    connection: {},
    acceptedAt: now,
    silentSince: now,
    arrivedAt: now,
    beganAt: now,
    answeredAt: undefined,
    wasLateSince: () => false,
  };
}
