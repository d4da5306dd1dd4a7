/** Bodies that an instance's next body is compared with. */
const KEPT_HEADS = 32;
/** Elements between two links at most: what a follower holds back until it knows. */
export const MAX_LINK_SPACING = 4096;
/** A chain this long is thinned; only a body that trickles in for long reaches it. */
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

/** What is remembered of a body: the first link right after its first element, then one for each committed chunk. */
export interface Head {
  readonly id: number;
  links: Link[];
}

/** How a chunk changes the heads: it continues after `keep` links of head `base` (0: it is a new body) with `links`. */
export interface HeadChange {
  base: number;
  keep: number;
  links: Link[];
}

/** The heads of one instance, the most recently used last. */
export class Heads {
  #heads: Head[] = [];
  #nextId = 1;

  /** A body that starts like this: every head whose first link is the given one. Newest first. */
  startingWith(first: Link): Head[] {
    return this.#heads
      .filter(({ links: [link] }) => link!.offset === first.offset && link!.hash === first.hash)
      .reverse();
  }

  get newest(): Head | undefined {
    return this.#heads.at(-1);
  }

  apply(change: HeadChange): void {
    const base = change.base === 0 ? undefined : this.#heads.find((head) => head.id === change.base);
    let head: Head;
    if (base !== undefined && base.links.length === change.keep) {
      // The body went on where it had ended: a retry with more behind it.
      this.#heads.splice(this.#heads.indexOf(base), 1);
      base.links.push(...change.links);
      head = base;
    } else {
      head = { id: this.#nextId++, links: [...(base?.links.slice(0, change.keep) ?? []), ...change.links] };
    }
    if (head.links.length > LONG_CHAIN) head.links = thin(head.links);
    this.#heads.push(head);
    if (this.#heads.length > KEPT_HEADS) this.#heads.shift();
  }

  save(): [nextId: number, heads: Head[]] {
    return [this.#nextId, this.#heads];
  }

  restore([nextId, heads]: [nextId: number, heads: Head[]]): void {
    this.#nextId = nextId;
    this.#heads = heads;
  }
}

/** Drops links whose neighbours are near enough to each other. The first and the last stay. */
function thin(links: readonly Link[]): Link[] {
  const kept = [links[0]!];
  for (let i = 1; i < links.length; i++) {
    const next = links[i + 1];
    if (next !== undefined && next.elements - kept.at(-1)!.elements <= MAX_LINK_SPACING && i > 1) continue;
    kept.push(links[i]!);
  }
  return kept;
}
