/** The bytes of one body as they come. Whoever made it ends it, also when its reader fails. */
export interface BodySource {
  /** Everything was given: there is no need to ask again. May be late, never early. */
  readonly ended: boolean;
  /**
   * The next bytes, in pieces as they come. They are the reader's until its next call: then their memory may be used again.
   * @param patience - milliseconds.
   * @returns `null` at the end; `undefined` when none came for so long.
   * @throws why there will be none any more.
   */
  read(patience: number): Promise<Uint8Array | null | undefined>;
  /** Ends a reading that waits, and every later one: they fail with `reason`. */
  abort(reason: Error): void;
}
