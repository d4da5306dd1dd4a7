/**
 * Why the bridge cannot accept reports now, by whoever knows: the service while it starts and stops,
 * the store while its disk is full. No reasons: it can.
 */
export class Health {
  readonly #reasons = new Map<string, string>();

  /** @param source - who says so, for instance `service` or `storage`. @param reason - one line for a person. */
  setUnavailable(source: string, reason: string): void {
    this.#reasons.set(source, reason);
  }

  setAvailable(source: string): void {
    this.#reasons.delete(source);
  }

  /** Reasons in the order they arose; empty while reports can be accepted. */
  get reasons(): readonly { source: string; reason: string }[] {
    return [...this.#reasons].map(([source, reason]) => ({ source, reason }));
  }
}
