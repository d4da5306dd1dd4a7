import { expect, test } from 'vitest';
import { formatBound, formatOpenMetricsBound } from '../../../src/telemetry/prometheus/bound.ts';

/** Printed by Go's strconv.FormatFloat(f, 'g', -1, 64). */
test.each([
  [0, '0'],
  [1, '1'],
  [0.5, '0.5'],
  [0.00001, '1e-05'],
  [0.0001, '0.0001'],
  [86_400, '86400'],
  [604_800, '604800'],
  [999_999, '999999'],
  [1_000_000, '1e+06'],
  [2_592_000, '2.592e+06'],
  [1_234_567.5, '1.2345675e+06'],
  [1e21, '1e+21'],
  [123_456.75, '123456.75'],
  [-2, '-2'],
  [1e-7, '1e-07'],
  [Number.POSITIVE_INFINITY, '+Inf'],
])('%d is written %s', (bound, text) => {
  expect(formatBound(bound)).toBe(text);
});

test.each([
  [5, '5.0'],
  [0.5, '0.5'],
  [2_592_000, '2.592e+06'],
  [Number.POSITIVE_INFINITY, '+Inf'],
])('%d is written %s in OpenMetrics', (bound, text) => {
  expect(formatOpenMetricsBound(bound)).toBe(text);
});
