import type { SealedWindow } from './records.ts';

/** Windows that are kept to be shown, whatever became of them. */
const KEPT = 5;

/** A window that was sealed lately. */
export interface RecentWindow extends SealedWindow {
  /** Milliseconds since the epoch. */
  readonly sealedAt: number;
  /** When LAPI took it, ms since the epoch; null when it did not, or not yet. */
  readonly sentAt: number | null;
}

/** The newest windows, for an operator who wants to see what was told: no state, so after a restart only what the log replays. */
export class RecentWindows {
  #windows: RecentWindow[] = [];

  /** Oldest first. */
  get all(): readonly RecentWindow[] {
    return this.#windows;
  }

  sealed(window: SealedWindow, sealedAt: number): void {
    this.#windows = [...this.#windows, { ...window, sealedAt, sentAt: null }].slice(-KEPT);
  }

  sent(number: number, sentAt: number): void {
    this.#windows = this.#windows.map((window) => (window.number === number ? { ...window, sentAt } : window));
  }
}
