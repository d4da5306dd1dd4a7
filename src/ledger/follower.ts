import type { Head } from './heads.ts';

/**
 * Follows a body along the bodies that came before it: as long as its bytes are theirs, its reports were counted.
 * One that is no one's continuation is known as new after its first element, so nothing is held back for long.
 */
export class Follower {
  /** Heads that the body has matched so far and that have links ahead of it. */
  #candidates: { head: Head; next: number }[] = [];
  /** The head with the longest match, and how many of its links. */
  #matched: Head | null = null;
  #matchedLinks = 0;

  /** @param heads - that start as the body does, newest first. @returns whether its first element was counted before. */
  begin(heads: readonly Head[]): boolean {
    for (const head of heads) {
      // Newest first; a later one of the same length does not replace it.
      if (this.#matched === null) [this.#matched, this.#matchedLinks] = [head, 1];
      if (head.links.length > 1) this.#candidates.push({ head, next: 1 });
    }
    return this.#matched !== null;
  }

  /** Body offset at which the next comparison is due; Infinity when nothing is left to compare with. */
  get nextOffset(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { head, next: i } of this.#candidates) next = Math.min(next, head.links[i]!.offset);
    return next;
  }

  /**
   * The body has a whole element that ends here, at or after `nextOffset`.
   * @param hash - of the body up to `offset`, Base64 of SHA-256.
   * @returns whether the body is the same as an earlier one up to here.
   */
  compare(offset: number, hash: string): boolean {
    let same = false;
    this.#candidates = this.#candidates.filter((candidate) => {
      const link = candidate.head.links[candidate.next]!;
      if (link.offset > offset) return true;
      if (link.offset < offset || link.hash !== hash) return false;
      same = true;
      candidate.next++;
      // Of heads that match as far, the one that ends here is continued; a longer one only as far as it matched.
      [this.#matched, this.#matchedLinks] = [candidate.head, candidate.next];
      return candidate.next < candidate.head.links.length;
    });
    return same;
  }

  /** The head that the rest of the body continues, and how many of its links. */
  get matched(): { base: number; keep: number } {
    return { base: this.#matched?.id ?? 0, keep: this.#matchedLinks };
  }
}
