import type { BridgeEvents } from '../../../src/events/bridge-events.ts';

declare module '../../../src/events/bridge-events.ts' {
  interface BridgeEventMap {
    /** A window has its final bytes. */
    'crowdsec.sealed': [event: { exporter: string; window: number; items: number }];
    /** LAPI answered 201 for a window. */
    'crowdsec.sent': [event: { exporter: string; window: number }];
  }
}

/** The emitter that knows them. */
export type WindowEvents = Pick<BridgeEvents, 'emit'>;
