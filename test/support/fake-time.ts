import type { Sleep } from '../../src/clock.ts';
import { ManualClock } from './ledger.ts';

/** A clock whose sleepers wake when it is moved. */
export class FakeTime extends ManualClock {
  readonly #sleepers = new Set<{ due: number; wake: () => void }>();

  readonly sleep: Sleep = (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper = { due: this.mono + milliseconds, wake: () => {} };
      sleeper.wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', sleeper.wake);
        resolve();
      };
      signal?.addEventListener('abort', sleeper.wake, { once: true });
      this.#sleepers.add(sleeper);
    });

  /** How long the sleepers still have, shortest first. */
  get waits(): number[] {
    return [...this.#sleepers].map(({ due }) => due - this.mono).sort((a, b) => a - b);
  }

  /** Moves time and wakes whoever is due; what they then do is not waited for. */
  override advance(ms: number): void {
    super.advance(ms);
    for (const { due, wake } of [...this.#sleepers]) if (due <= this.mono) wake();
  }

  /** The host's clock is set; sleepers do not notice. */
  step(ms: number): void {
    this.wall += ms;
  }
}

/** Waits until something real has happened; the event loop turns meanwhile, and no time is taken for granted. */
export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what} did not come about within 10 s`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
