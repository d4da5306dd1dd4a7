import { EventEmitter } from 'eventemitter3';

/** What happened, for the log and for later event exporters. Emitted after the fact is durable. No address is in any of them. */
interface BridgeEventMap {
  /** A chunk of reports is on disk and in the totals. */
  committed: [event: { instance: string; accepted: number; quarantined: number }];
  /** Rules left the ledger because their time was over. */
  expired: [event: { rules: number }];
  /** A CrowdSec window has its final bytes. */
  sealed: [event: { exporter: string; window: number; items: number }];
  /** LAPI answered 201 for a window. */
  sent: [event: { exporter: string; window: number }];
}

export class BridgeEvents extends EventEmitter<BridgeEventMap> {}
