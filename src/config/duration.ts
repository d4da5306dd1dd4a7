import { z } from 'zod';

/** Milliseconds of each unit that Go's time.ParseDuration knows, which is what the Collector accepts. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * Reads a duration as the Collector writes it: `30s`, `1h30m`, `500ms`, `0`.
 * @returns milliseconds, or undefined when the text is not a duration.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text);
    if (!part) return undefined;
    total += Number(part[1]) * (UNITS[part[2] as string] as number);
  }
  return text === '' || !Number.isFinite(total) ? undefined : total;
}

/** Writes milliseconds as `parseDuration` reads them: `1h30m`, `500ms`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  let rest = milliseconds;
  let text = '';
  for (const unit of ['h', 'm', 's'] as const) {
    const count = Math.floor(rest / (UNITS[unit] as number));
    if (count > 0) text += `${count}${unit}`;
    rest -= count * (UNITS[unit] as number);
  }
  return rest > 0 ? `${text}${rest}ms` : text;
}

/**
 * A duration option; its value in code is milliseconds. Give a default as the user would write it:
 * `durationSchema.prefault('30s')`, so that it shows like that in `print-config`.
 * Timers of Node end at 24.8 days (2^31 ms): an option that becomes a timer also needs a bound; `systemSleep` takes any.
 */
export const durationSchema = z
  .union([z.string(), z.number()], { error: 'expected a duration such as 30s, 1h30m or 500ms' })
  .transform((value, context) => {
    const milliseconds = parseDuration(String(value));
    if (milliseconds !== undefined) return milliseconds;
    const hint = /^\d+(\.\d+)?$/.test(String(value))
      ? `a duration needs a unit: ${value}s or ${value}ms`
      : /^[\d.]+d$/.test(String(value))
        ? 'a duration has no unit for days: write 24h for one day'
        : `"${value}" is not a duration: write it like 30s, 1h30m or 500ms`;
    context.addIssue({ code: 'custom', message: hint });
    return z.NEVER;
  });
