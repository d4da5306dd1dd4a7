/** Elements between two links: what a body that is compared holds back until it knows. */
export const MAX_LINK_SPACING = 4096;
/** A chain this long is thinned; only a body that trickles in for long, or one of two million reports, reaches it. */
const LONG_CHAIN = 512;

/** A point in a body up to which everything was committed, always right after a whole element. */
export interface Link {
  /** Bytes from the start of the body. */
  offset: number;
  /** Base64 of the SHA-256 of those bytes. */
  hash: string;
  /** Elements up to there. */
  elements: number;
}

/** How a chunk changes what is remembered: `links` come after the first `keep`. 0: it is the beginning of a new body. */
export interface BodyChange {
  keep: number;
  links: Link[];
}

/**
 * What is remembered of an instance's bodies: the newest that committed anything. Couic has one worker, whose retry is
 * always the body before, whole; so nothing older can come back.
 */
export class NewestBody {
  /** The first right after the first element, then one for each chunk. None before the first body. */
  links: readonly Link[] = [];

  apply({ keep, links }: BodyChange): void {
    this.links = thin([...this.links.slice(0, keep), ...links]);
  }
}

/** Drops links whose neighbours are near enough to each other. The first and the last stay. */
function thin(links: readonly Link[]): readonly Link[] {
  // A body of very many reports has its links further apart: memory must not grow with what a sender sends for ever.
  for (let spacing = MAX_LINK_SPACING; links.length > LONG_CHAIN; spacing *= 2) {
    const kept = [links[0]!];
    for (let i = 1; i < links.length; i++) {
      const next = links[i + 1];
      if (next !== undefined && i > 1 && next.elements - kept.at(-1)!.elements <= spacing) continue;
      kept.push(links[i]!);
    }
    links = kept;
  }
  return links;
}
