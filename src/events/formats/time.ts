/** Years of four digits: what reads ISO 8601 seldom takes others. */
const FIRST = Date.parse('0001-01-01T00:00:00.000Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');
const DAY = 86_400_000;

const digits = (width: number) => (_: unknown, number: number) => String(number).padStart(width, '0');
const TWO = Array.from({ length: 60 }, digits(2));
const THREE = Array.from({ length: 1000 }, digits(3));

/** Most times are of a few days: each is written once, which makes the whole several times as quick as `Date` is. */
const days = new Map<number, string>();
const MOST_DAYS = 256;

/**
 * @param time - ms since the epoch.
 * @returns `2026-11-26T11:20:00.000Z`; undefined where there is no such form, as for a "never" that was written as a far date.
 */
export function isoTime(time: number): string | undefined {
  if (!(time >= FIRST && time <= LAST)) return undefined;
  const ms = Math.trunc(time);
  const day = Math.floor(ms / DAY);
  const date = days.get(day) ?? dateOf(day);
  const rest = ms - day * DAY;
  const seconds = Math.floor(rest / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return `${date}${TWO[hours]}:${TWO[minutes % 60]}:${TWO[seconds % 60]}.${THREE[rest % 1000]}Z`;
}

function dateOf(day: number): string {
  if (days.size >= MOST_DAYS) days.clear();
  const text = new Date(day * DAY).toISOString().slice(0, 11);
  days.set(day, text);
  return text;
}
