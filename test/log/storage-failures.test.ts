import { expect, test } from 'vitest';
import { storageFailures } from '../../src/log/storage-failures.ts';
import { Health } from '../../src/telemetry/health.ts';

// Seen beside a real Couic, with a full file system: reports were answered with 503, and `doctor` warned of little room.
test('a storage that cannot be written is a failure, with the reason that reports are refused for', () => {
  const health = new Health();
  expect(storageFailures(health)).toEqual([]);
  health.setUnavailable('service', 'starting');
  health.setUnavailable('storage', 'cannot write 1.log: ENOSPC');
  expect(storageFailures(health)).toEqual([
    { level: 'failure', message: 'no report is taken: cannot write 1.log: ENOSPC' },
  ]);
});
