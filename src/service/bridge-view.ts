import type { CouicEvent } from '../events/event.ts';
import type { ComponentStatus } from './component-status.ts';

/** Events that came together. */
export interface NewEvents {
  /** Oldest first. */
  readonly events: readonly CouicEvent[];
  /** There were more, before these. */
  readonly leftOut: boolean;
}

/** A component, and how it does now. */
export interface ShownComponent {
  readonly kind: 'receiver' | 'exporter' | 'extension';
  /** `crowdsec/edge`. */
  readonly id: string;
  /** Of a receiver: the Couics that it feeds. */
  readonly instances: readonly string[];
  /** Undefined for one that has nothing to show. */
  readonly status: ComponentStatus | undefined;
}

/** The bridge as an extension sees it that shows it to somebody. From `start()` on. */
export interface BridgeView {
  /** Those that run now, in the order of the configuration. */
  components(): readonly ShownComponent[];
  /** What an operator's command would ask: see src/service/admin. @throws AdminError when it says no. */
  call(component: string, operation: string, argument: unknown): Promise<unknown>;
  /**
   * The newest events that the log still has, then those that come, until the signal is aborted. With addresses and all: whoever
   * shows them hides what is not to be seen. When more come than it can follow it leaves some out, and says so.
   * @param most - of those that there are already.
   */
  newestEvents(most: number, signal: AbortSignal): AsyncIterable<NewEvents>;
}
