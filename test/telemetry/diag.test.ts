import { diag } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { logOpenTelemetry } from '../../src/telemetry/diag.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

test('warnings of the OpenTelemetry packages are in our log, until it is ended', () => {
  const written: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'warn',
    encoding: 'json',
    destination: { write: (line) => written.push(JSON.parse(line)) },
  });
  const end = logOpenTelemetry(logger);
  diag.warn('metrics export failed', new TypeError('bad'));
  diag.info('mechanics');
  end();
  diag.error('after the end');
  expect(written).toMatchObject([
    { level: 'warn', component: 'opentelemetry', msg: 'metrics export failed', details: ['TypeError: bad'] },
  ]);
  expect(written).toHaveLength(1);
});
