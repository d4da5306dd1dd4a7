import type { Meter } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { BridgeEvents } from '../events/bridge-events.ts';
import type { AttributeLimits } from '../ledger/attribute-limits.ts';
import { BridgeLedger } from '../ledger/bridge-ledger.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { INTAKE_METRICS } from '../ledger/metrics.ts';
import type { TrustedClock } from '../ledger/trusted-clock.ts';
import type { Log } from '../log/log.ts';
import { counter } from '../telemetry/instruments.ts';
import type { Operation } from './component.ts';

/** What of its options may change while it runs. */
export type LedgerSettings = Pick<ServiceLedgerOptions, 'limits' | 'forgetAfter' | 'hasEvents'>;

/** The ledger as the service sees it. */
export interface ServiceLedger extends Ledger {
  readonly operations: Readonly<Record<string, Operation>>;
  /** After the log was loaded. */
  start(): Promise<void>;
  /** After `start()`, on the one of several bridges that has the lease of the log. */
  lead(): Promise<void>;
  /** Takes up other settings while it runs. */
  change(settings: LedgerSettings): Promise<void>;
  /** Before the log is closed. Safe without `start()`, and twice. */
  stop(): Promise<void>;
}

export interface ServiceLedgerOptions {
  log: Pick<Log, 'attach' | 'topic' | 'isCurrent' | 'extents' | 'read' | 'erase' | 'unfinished'>;
  clock: Clock;
  trustedClock: TrustedClock;
  events: BridgeEvents;
  logger: Logger;
  meter: Meter;
  version: string;
  limits: AttributeLimits;
  forgetAfter: number;
  /** Whether there is a logs pipeline. */
  hasEvents: boolean;
}

/** The one place where a service gets its ledger. */
export function createServiceLedger({ meter, ...options }: ServiceLedgerOptions): ServiceLedger {
  return new BridgeLedger({ ...options, quarantinedReports: counter(meter, INTAKE_METRICS.quarantinedReports) });
}
