import { counted } from '../../../src/telemetry/counted.ts';
import type { SenderCounts } from './sender.ts';

const INTERVAL = 1000;
/** Dots of a line, where output is not a terminal. */
const LINE = 60;

interface ProgressOptions {
  readonly isTerminal: boolean;
  write(text: string): void;
  /** Of all Couics together. */
  counts(): SenderCounts & { readonly waiting: number };
}

/** Shows that something happens: a line that is written over and over on a terminal, a dot a second elsewhere. */
export class Progress {
  readonly #options: ProgressOptions;
  #timer: NodeJS.Timeout | undefined;
  #dots = 0;
  #isLineOpen = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.show(), INTERVAL);
    this.#timer.unref();
  }

  show(): void {
    const { isTerminal, write, counts } = this.#options;
    this.#isLineOpen = true;
    if (isTerminal) {
      const { offered, acknowledged, waiting, failures } = counts();
      const failed = failures > 0 ? `, ${counted(failures, 'requests')} failed` : '';
      write(`\r\u001b[K${counted(offered, 'reports')}: ${acknowledged} acknowledged, ${waiting} waiting${failed}`);
      return;
    }
    write('.');
    if (++this.#dots % LINE === 0) this.endLine();
  }

  /** Something else is about to be written. */
  endLine(): void {
    if (this.#isLineOpen) this.#options.write('\n');
    this.#isLineOpen = false;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.endLine();
  }
}
