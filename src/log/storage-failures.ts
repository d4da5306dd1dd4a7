import type { Finding } from '../telemetry/finding.ts';
import type { Health } from '../telemetry/health.ts';

/** What `couic-otel-bridge doctor` says first of a storage, while no report is taken for it: whatever room is left, it cannot be written. */
export function storageFailures({ reasons }: Pick<Health, 'reasons'>): readonly Finding[] {
  return reasons
    .filter(({ source }) => source === 'storage')
    .map(({ reason }) => ({ level: 'failure', message: `no report is taken: ${reason}` }));
}
