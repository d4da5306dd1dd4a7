import { median } from '../benchmark.ts';
import { percentile } from '../http-client.ts';

/** For information only: it tells of this machine, and of what else it had to do. @param rates - requests a second of each run. */
export function byTheClock(times: readonly number[], rates: readonly number[]): string {
  return `${median(rates).toFixed(0)} requests a second, p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`;
}
