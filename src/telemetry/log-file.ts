import fs from 'node:fs';
import type { DestinationStream } from 'pino';

/** Bytes of lines that wait while they cannot be written; later ones are dropped. */
const KEPT = 1024 * 1024;

/**
 * Writes lines to a file descriptor, each before `write` returns, so that the last line before a crash is there. A log
 * that cannot be written, on a full disk or with nobody reading it, must not end the bridge: lines wait within bounds
 * and go out with the next one that finds room. (pino's own destination throws then, or tries for ever.)
 */
export class LogFile implements DestinationStream {
  readonly #fd: number;
  #waiting: Buffer[] = [];
  #bytes = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#bytes + bytes.length <= KEPT) {
      this.#waiting.push(bytes);
      this.#bytes += bytes.length;
    }
    try {
      for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) this.#write(first);
    } catch {
      // There is no place left to say why.
    }
  }

  #write(first: Buffer): void {
    const written = fs.writeSync(this.#fd, first);
    this.#bytes -= written;
    if (written === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(written);
  }
}
