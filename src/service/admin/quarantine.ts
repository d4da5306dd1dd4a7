import type { QuarantinedReport } from '../../ledger/ledger.ts';

/** Name of the operation by which operators read the reports that were put aside. */
export const QUARANTINE_OPERATION = 'quarantine.list';

/** Oldest first. They are in memory: the newest hundred since the bridge was started. */
export type QuarantineList = readonly QuarantinedReport[];
