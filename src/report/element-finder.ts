/** How an element of the array ends. */
const CONTAINER = 0;
const STRING = 1;
const SCALAR = 2;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Finds the end of one JSON value by its brackets and quotes alone, over any number of pieces: what it delimits still
 * has to be parsed. Each byte is looked at once, so a body in tiny pieces costs no more than a whole one.
 */
export class ElementFinder {
  #kind = CONTAINER;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** @param first - the value's first byte. */
  start(first: number): void {
    this.#kind = first === 0x7b || first === 0x5b ? CONTAINER : first === QUOTE ? STRING : SCALAR;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
  }

  /** @returns where the value ends, or -1 when it goes on after these bytes. */
  find(b: Uint8Array, p: number, n: number): number {
    if (this.#kind === SCALAR) return findDelimiter(b, p, n);
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    const end = this.#kind === STRING ? 0 : -1;
    while (p < n) {
      const c = b[p++]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (c === BACKSLASH) escaped = true;
        else if (c === QUOTE) {
          inString = false;
          if (end === 0) return p;
        }
      } else if (c === QUOTE) inString = true;
      else if (c === 0x7b || c === 0x5b) depth++;
      else if ((c === 0x7d || c === 0x5d) && --depth === 0) return p;
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    return -1;
  }
}

function findDelimiter(b: Uint8Array, p: number, n: number): number {
  for (; p < n; p++) {
    const c = b[p]!;
    if (c === 0x2c || c === 0x5d || c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) return p;
  }
  return -1;
}
