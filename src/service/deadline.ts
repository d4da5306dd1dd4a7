import { setMaxListeners } from 'node:events';

/** Aborts its signal when the time is over, or earlier with `abort()`. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(milliseconds: number) {
    // A listener for each component that ends: Node takes more than ten for a leak, and says so.
    setMaxListeners(0, this.signal);
    this.#timer = setTimeout(() => this.abort(), milliseconds);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    clearTimeout(this.#timer);
    this.#controller.abort(new Error('the time for an orderly end is over'));
  }

  /** The work is done: the signal is not aborted any more. */
  clear(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Waits for the work, but after the signal only for `grace` ms more.
 * @returns whether the work was done by then. @throws what the work throws.
 */
export async function within(work: Promise<unknown>, signal: AbortSignal, grace: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (() => void) | undefined;
  const over = new Promise<false>((resolve) => {
    giveUp = () => {
      timer = setTimeout(() => resolve(false), grace);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work.then(() => true), over]);
  } finally {
    clearTimeout(timer);
    if (giveUp) signal.removeEventListener('abort', giveUp);
  }
}
