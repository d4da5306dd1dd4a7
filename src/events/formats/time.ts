/** Years of four digits: what reads ISO 8601 seldom takes others. */
const FIRST = Date.parse('0001-01-01T00:00:00.000Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');
const MINUTE = 60_000;

const digits = (width: number) => (_: unknown, number: number) => String(number).padStart(width, '0');
const SECONDS = Array.from({ length: 60 }, digits(2)).map((second) => `${second}.000Z`);
const TWO = Array.from({ length: 60 }, digits(2));
const THREE = Array.from({ length: 1000 }, digits(3));

/** Most times are of a few hours: each minute is written once, which makes the whole ten times as quick as `Date` is. */
const minutes = new Map<number, string>();
const MOST_MINUTES = 1024;

/**
 * @param time - ms since the epoch.
 * @returns `2026-11-26T11:20:00.000Z`; undefined where there is no such form, as for a "never" that was written as a far date.
 */
export function isoTime(time: number): string | undefined {
  if (!(time >= FIRST && time <= LAST)) return undefined;
  const ms = Math.trunc(time);
  const number = Math.floor(ms / MINUTE);
  const minute = minutes.get(number) ?? minuteOf(number);
  const rest = ms - number * MINUTE;
  const second = Math.floor(rest / 1000);
  const part = rest - second * 1000;
  return part === 0 ? minute + SECONDS[second] : `${minute}${TWO[second]}.${THREE[part]}Z`;
}

/** `2026-11-26T11:20:` */
function minuteOf(number: number): string {
  if (minutes.size >= MOST_MINUTES) minutes.clear();
  const text = new Date(number * MINUTE).toISOString().slice(0, 17);
  minutes.set(number, text);
  return text;
}
