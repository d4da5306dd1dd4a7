import type { QuarantinedReport } from '../../ledger/quarantined-report.ts';

/** Name of the operation by which operators read the reports that were put aside. */
export const QUARANTINE_OPERATION = 'quarantine.list';

/** The newest hundred of each Couic, oldest first. */
export type QuarantineList = readonly QuarantinedReport[];
