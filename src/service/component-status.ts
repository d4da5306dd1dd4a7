/**
 * How a component does, as plain data that whoever shows it makes a page of. It is text and numbers, never markup; no address of
 * anybody and no secret is in it. What another system said is in it as it was said: whoever shows it makes it harmless.
 */
export interface ComponentStatus {
  /** Where it sends to, asks or listens, without a secret: `http://127.0.0.1:8080`. */
  readonly where: string;
  /** What is not sent yet. Left out where nothing waits: of what is asked, and of receivers. */
  readonly queue?: {
    readonly size: number;
    /** In the plural: `requests`, `entries of the log`. */
    readonly unit: string;
    /** Age of the oldest, in seconds; 0 when none waits. */
    readonly oldest: number;
  };
  /** When the other side took something last, ms since the epoch; null for never, as far as is known. Left out where nothing is sent. */
  readonly lastSuccess?: number | null;
  /** What the last attempt failed with, and what to do; null when it did not. */
  readonly trouble?: string | null;
  /** What works and is not all that one would want: a dry run. */
  readonly note?: string;
  /** What an operator has to do before it works. */
  readonly steps?: readonly NextStep[];
  /** What only this component has. */
  readonly panels?: readonly Panel[];
}

/** Something to do, with what to type or to paste. */
export interface NextStep {
  readonly title: string;
  readonly text: string;
  readonly paste?: {
    /** `/etc/couic/couic.toml`, or `shell`. */
    readonly where: string;
    readonly lines: string;
  };
}

/** A table under a heading. */
export interface Panel extends Table {
  readonly title: string;
  /** A sentence above the table. */
  readonly text?: string;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** What is said in place of no rows. */
  readonly empty: string;
  /** There were more rows than these. */
  readonly leftOut?: number;
}

interface Row {
  readonly cells: readonly Cell[];
  /** What belongs to the row, shown on demand. */
  readonly more?: Table;
}

/** A number counts something; a time is ms since the epoch. */
export type Cell = string | number | { readonly time: number };
