import { EventEmitter } from 'eventemitter3';

/**
 * What happened, for whoever shows it as it comes. Emitted after the fact is durable. No address is in any of them.
 * A component adds its own, by a declaration in its folder: `plugins/exporters/crowdsec/events.ts`.
 */
export interface BridgeEventMap {
  /** A chunk of reports is on disk and in the totals. */
  committed: [event: { instance: string; accepted: number; quarantined: number }];
  /** Rules left the ledger because their time was over. */
  expired: [event: { rules: number }];
}

export class BridgeEvents extends EventEmitter<BridgeEventMap> {}
