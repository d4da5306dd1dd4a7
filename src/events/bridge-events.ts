import { EventEmitter } from 'eventemitter3';

/**
 * What happened, for whoever shows it as it comes. Emitted after the fact is durable. No address is in any of them.
 * A component adds its own, by a declaration in its folder: `plugins/exporters/crowdsec/events.ts`.
 */
export interface BridgeEventMap {
  /** A chunk of reports is on disk and in the totals. */
  committed: [
    event: {
      instance: string;
      accepted: number;
      quarantined: number;
      /** Added drop rules by tag, null for none. To be asked for while the event is handled, which costs nothing where nobody does. */
      drops(): ReadonlyMap<string | null, number>;
    },
  ];
  /** Rules left the ledger because their time was over. */
  expired: [event: { rules: number }];
}

export class BridgeEvents extends EventEmitter<BridgeEventMap> {}
