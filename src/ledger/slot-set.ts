/** A set of small numbers, a bit for each. */
export class SlotSet {
  #bits = new Uint8Array(1024);

  add(slot: number): void {
    const byte = slot >>> 3;
    if (byte >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(this.#bits.length * 2, byte + 1));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[byte]! |= 1 << (slot & 7);
  }

  has(slot: number): boolean {
    return ((this.#bits[slot >>> 3] ?? 0) & (1 << (slot & 7))) !== 0;
  }
}
