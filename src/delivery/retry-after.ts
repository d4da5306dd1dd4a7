/** Milliseconds; whoever asks for more is asked again after this. */
const LONGEST = 3_600_000;

/**
 * Reads `Retry-After`: seconds, or a date, which is compared with the clock of the same answer.
 * @param date - of the answer, ms since the epoch. @returns milliseconds; undefined when nothing can be read.
 */
export function retryAfter(header: string, date: number | undefined): number | undefined {
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST);
  // Only what is plainly a date: Date.parse reads "-5" as one.
  const until = /^[A-Z][a-z]{2,8}, ?\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(until) || date === undefined) return undefined;
  return Math.min(Math.max(until - date, 0), LONGEST);
}
