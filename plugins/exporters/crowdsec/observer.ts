import type { DropReason } from './records.ts';

/** Told of what became of windows, after the fact is durable: for metrics and events. */
export interface WindowObserver {
  sealed(window: { number: number; items: number; dryRun: boolean }): void;
  sent(window: { number: number }): void;
  /** An attempt failed and will be made again. @param reason - a few words, of a fixed set. */
  sendFailed(reason: string): void;
  quarantined(): void;
  dropped(reason: DropReason): void;
  /** Items that a window could not tell, since their mapping failed or gave what CrowdSec does not take. */
  leftOut?(items: number): void;
}

export const noObserver: WindowObserver = {
  sealed() {},
  sent() {},
  sendFailed() {},
  quarantined() {},
  dropped() {},
};
