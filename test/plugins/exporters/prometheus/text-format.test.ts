import { expect, test } from 'vitest';
import { negotiate, OPENMETRICS_TEXT, PROMETHEUS_TEXT } from '../../../../plugins/exporters/prometheus/text-format.ts';

test.each([
  [
    'Prometheus 2.42',
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    OPENMETRICS_TEXT,
  ],
  [
    'Prometheus 3',
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    OPENMETRICS_TEXT,
  ],
  ['a scraper that prefers text', 'application/openmetrics-text;q=0.3, text/plain;q=0.9', PROMETHEUS_TEXT],
  ['a scraper that refuses OpenMetrics', 'application/openmetrics-text;q=0,*/*', PROMETHEUS_TEXT],
  ['a version that does not exist yet', 'application/openmetrics-text;version=2.0.0', PROMETHEUS_TEXT],
  ['curl', '*/*', PROMETHEUS_TEXT],
  ['nothing', undefined, PROMETHEUS_TEXT],
])('%s', (_name, accept, format) => {
  expect(negotiate(accept)).toBe(format);
});
