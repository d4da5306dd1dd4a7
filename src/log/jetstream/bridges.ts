/** What a bridge says of itself, beside the log. */
export interface Announcement {
  /** Its `service.instance.id`. */
  readonly id: string;
  /** For people: host and process. */
  readonly name: string;
  readonly version: string;
  /** It ends in order. */
  readonly ended?: true;
}

/** What is known of one of the bridges on a log. All times are the stream's, ms since the epoch. */
export interface SeenBridge extends Announcement {
  /** When it began to work on the log. */
  readonly started: number;
  /** When it said so last. */
  readonly heard: number;
  /** Entries of the log that it had still to fold then. */
  readonly behind: number;
  /** How far its host's clock was ahead of the stream's then, ms. */
  readonly skew: number;
}

/** All that have said something lately, as one of them has read it. */
export interface SeenBridges {
  /** When it was read. */
  readonly at: number;
  readonly bridges: readonly SeenBridge[];
}

/** More bridges than anybody has on a log. */
const MOST = 16;
/** One that is gone is told of for so long. */
const KEPT_MS = 3_600_000;

/**
 * Puts what one bridge says in the place of what it said before, in this process or an earlier one, and lets go of those
 * that were not heard of for long. One of the same id that was heard of since this process began is another one.
 */
export function announced(before: readonly SeenBridge[], own: SeenBridge): SeenBridge[] {
  const isOwn = ({ id, started, heard }: SeenBridge) =>
    id === own.id && (started === own.started || heard <= own.started);
  const others = before.filter((each) => !isOwn(each) && own.heard - each.heard < KEPT_MS);
  return [own, ...others.toSorted((a, b) => b.heard - a.heard).slice(0, MOST - 1)];
}
