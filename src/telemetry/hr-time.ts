import type { HrTime } from '@opentelemetry/api';

/** Milliseconds since the epoch as OpenTelemetry has times: seconds, and nanoseconds of the second. */
export function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
