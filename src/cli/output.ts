import type { Writable } from 'node:stream';

/** What a command writes. To a pipe Node writes later: what it has not written yet is lost when the process ends. */
export class Output {
  readonly #stream: Writable;
  #isGone = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    // Whoever reads it may have seen enough: couic-otel-bridge rules | head -1
    stream.on('error', () => {
      this.#isGone = true;
    });
  }

  /** @returns whether anybody still reads it, once there is room for more. */
  write(text: string): boolean | Promise<boolean> {
    if (this.#isGone) return false;
    return this.#stream.write(text) || this.#drained();
  }

  /** Resolves when all was written, or nobody reads it any more. */
  async end(): Promise<void> {
    if (this.#isGone || this.#stream.writableLength === 0) return;
    await new Promise<void>((resolve) => this.#stream.write('', () => resolve()));
  }

  #drained(): Promise<boolean> {
    const stream = this.#stream;
    return new Promise((resolve) => {
      const done = () => {
        stream.off('drain', done).off('error', done);
        resolve(!this.#isGone);
      };
      stream.on('drain', done).on('error', done);
    });
  }
}
