/** Work that is done now and then, and never twice at once. */
export class Ticking {
  readonly #work: () => Promise<void>;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;

  /** @param work - rejects for whoever calls `run()` only: what the timer begins must not. */
  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  get isStarted(): boolean {
    return this.#timer !== null;
  }

  /** @param period - milliseconds from one beginning to the next; takes the place of the period before. */
  start(period: number): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.run(), period);
    this.#timer.unref();
  }

  /** Waits for what is under way. Safe without `start()`, and twice. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#running;
  }

  /** Does it now, or waits for what is being done. */
  run(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }
}
