import { expect, test } from 'vitest';
import { LastProblems } from '../../src/telemetry/last-problems.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

test('keeps the last ten warnings and errors, as the log shows them', async () => {
  const problems = new LastProblems();
  const hide = (text: string) => text.replaceAll('s3cret', '[redacted]');
  const logger = createLogger({ destination: { write: () => {} }, now: () => 0, hide, onLine: problems.see });
  expect(await problems.examine()).toEqual([]);
  const child = logger.child({ component: 'crowdsec' });
  for (let n = 0; n < 9; n++) child.warn(`warning ${n} s3cret`);
  child.info('all is well');
  logger.error('one error');
  logger.fatal('the end');
  const found = await problems.examine();
  expect(found).toHaveLength(10);
  expect(found[0]).toEqual({ level: 'warning', message: '1970-01-01T00:00:00.000Z crowdsec: warning 1 [redacted]' });
  expect(found.at(-1)?.message).toBe('1970-01-01T00:00:00.000Z the end');
});
