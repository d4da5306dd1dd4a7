import type { Sleep } from '../clock.ts';

/** When the next turn begins, in ms; `atLeast`, whoever wakes it; undefined: not before it is woken. */
export type Next = number | { readonly atLeast: number } | undefined;

/** One turn. @param end - aborted by `stop`. */
type Turn = (end: AbortSignal) => Promise<Next>;

/**
 * Does one thing again and again, never twice at the same time: at an interval, later after a failure, or when it is
 * woken. Everything that comes again by itself does it by this. A turn must not reject.
 */
export class Repeating {
  readonly #turn: Turn;
  readonly #sleep: Sleep;
  #loop: { end: AbortController; done: Promise<void> } | undefined;
  #pause: AbortController | undefined;
  #woken = false;

  constructor(turn: Turn, sleep: Sleep) {
    this.#turn = turn;
    this.#sleep = sleep;
  }

  get running(): boolean {
    return this.#loop !== undefined;
  }

  /** @param wait - milliseconds until the first turn. @default at once. Does nothing while it runs. */
  start(wait?: number): void {
    if (this.#loop) return;
    const end = new AbortController();
    // Who starts it is not held up.
    const begin = wait === undefined ? Promise.resolve() : this.#wait(wait, end.signal);
    this.#loop = { end, done: this.#run(begin, end.signal) };
  }

  /** Has the next turn begin at once, or as soon as the one under way has ended, unless that asks for a pause. */
  wake(): void {
    this.#woken = true;
    this.#pause?.abort();
  }

  /** Ends it; a turn that is under way is waited for. Safe without `start()`, and twice; it may be started again. */
  async stop(): Promise<void> {
    const loop = this.#loop;
    this.#loop = undefined;
    loop?.end.abort();
    this.#pause?.abort();
    await loop?.done;
  }

  async #run(begin: Promise<void>, end: AbortSignal): Promise<void> {
    await begin;
    while (!end.aborted) {
      this.#woken = false;
      const next = await this.#turn(end);
      if (next !== 0) await this.#wait(next, end);
    }
  }

  async #wait(next: Next, end: AbortSignal): Promise<void> {
    if (end.aborted) return;
    if (typeof next === 'object') return this.#sleep(next.atLeast, end);
    if (this.#woken) return;
    const pause = new AbortController();
    this.#pause = pause;
    if (next !== undefined) await this.#sleep(next, pause.signal);
    else await new Promise((resolve) => pause.signal.addEventListener('abort', resolve, { once: true }));
  }
}
