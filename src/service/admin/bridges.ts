/** The operation of a storage that several bridges share, which tells how each of them does. It answers with a `BridgeList`. */
export const BRIDGES_OPERATION = 'bridges.list';

/** `gone`: nothing was heard of it for 30 s. `clock is wrong`: it is a minute off and more, so it takes neither reports nor the lease. */
export type BridgeState = 'has the lease' | 'stands by' | 'clock is wrong' | 'gone' | 'stopped';

/** One of the bridges on a log. Times are the log's, ms since the epoch. */
export interface ShownBridge {
  /** Its `service.instance.id`. */
  readonly id: string;
  /** Host and process. */
  readonly name: string;
  readonly version: string;
  readonly state: BridgeState;
  /** Null for one that has not got it, and where nobody knows. */
  readonly leaseSince: number | null;
  readonly started: number;
  /** When it was heard of last. */
  readonly heard: number;
  /** Entries of the log that it had still to take in then. */
  readonly behind: number;
  /** How far its host's clock was ahead of the log's then, ms. */
  readonly skew: number;
}

/** Those that were heard of in the last hour, at most 16, by name. */
export interface BridgeList {
  /** When this bridge read it. */
  readonly at: number;
  readonly bridges: readonly ShownBridge[];
}
