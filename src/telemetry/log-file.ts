import fs from 'node:fs';
import type { DestinationStream } from 'pino';

/** Bytes of lines that wait while they cannot be written; later ones are lost. */
const KEPT = 1024 * 1024;
/** Milliseconds until what waits is tried again, when no line comes before. */
const AGAIN = 250;

/**
 * Writes lines to a file descriptor, each before `write` returns, so that the last line before a crash is there, and
 * without ever waiting: on a full disk, a pipe or a terminal that nobody reads (Ctrl-S), lines wait within bounds and go
 * out with the next one that finds room. (pino's own destination throws then, or tries for ever.)
 */
export class LogFile implements DestinationStream {
  readonly #fd: number;
  readonly #onLost: (lines: number) => void;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onLost - told of the lines that are gone, as soon as there is room to say it. */
  constructor(fd: number, onLost: (lines: number) => void = () => {}) {
    this.#fd = withoutWaiting(fd);
    this.#onLost = onLost;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#bytes + bytes.length > KEPT) this.#lost++;
    else {
      this.#waiting.push(bytes);
      this.#bytes += bytes.length;
    }
    this.#flush();
  }

  #flush(): void {
    try {
      for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) this.#write(first);
    } catch {
      // There is no place left to say why.
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#flush();
      }, AGAIN).unref();
      return;
    }
    const lost = this.#lost;
    if (lost === 0) return;
    this.#lost = 0;
    this.#onLost(lost);
  }

  #write(first: Buffer): void {
    const written = fs.writeSync(this.#fd, first);
    this.#bytes -= written;
    if (written === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(written);
  }
}

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;

/**
 * The same terminal or pipe, opened once more so that writing to it never waits: what was given is shared with the
 * shell and others, who did not ask for that. A file never waits. A socket cannot be opened twice; Node has made it, as
 * it makes pipes, non-blocking when it is the standard output.
 */
function withoutWaiting(fd: number): number {
  try {
    const stat = fs.fstatSync(fd);
    if (stat.isFile()) return fd;
    return fs.openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return fd;
  }
}
