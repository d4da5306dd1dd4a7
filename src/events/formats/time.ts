/** Years of four digits: what reads ISO 8601 seldom takes others. */
const FIRST = Date.parse('0001-01-01T00:00:00.000Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * @param time - ms since the epoch.
 * @returns `2026-11-26T11:20:00.000Z`; undefined where there is no such form, as for a "never" that was written as a far date.
 */
export function isoTime(time: number): string | undefined {
  return time >= FIRST && time <= LAST ? new Date(time).toISOString() : undefined;
}
