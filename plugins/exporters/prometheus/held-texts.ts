import type { ServerResponse } from 'node:http';
import type { ScrapeText } from './shared-scrapes.ts';

/** Bytes of texts that are kept for clients who are still reading. */
const MOST_HELD = 64 * 1024 * 1024;

/**
 * Bounds the memory of answers that are not read: each collection is a text of its own, and a client that does not read
 * holds on to it. When there are too many, those who read the oldest are cut off; the newest is never.
 */
export class HeldTexts {
  readonly #most: number;
  /** In the order in which they were made. */
  readonly #readers = new Map<ScrapeText, Set<ServerResponse>>();

  constructor(most: number = MOST_HELD) {
    this.#most = most;
  }

  /** Until the response is closed, it holds the text. */
  hold(text: ScrapeText, response: ServerResponse): void {
    const readers = this.#readers.get(text) ?? new Set();
    this.#readers.set(text, readers.add(response));
    response.once('close', () => {
      readers.delete(response);
      if (readers.size === 0) this.#readers.delete(text);
    });
    this.#cutOldest();
  }

  #cutOldest(): void {
    let held = 0;
    for (const { bytes } of this.#readers.keys()) held += bytes;
    for (const [text, readers] of this.#readers) {
      if (held <= this.#most || this.#readers.size === 1) return;
      held -= text.bytes;
      this.#readers.delete(text);
      for (const response of readers) response.destroy();
    }
  }
}
