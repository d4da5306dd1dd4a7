import { counted as inWords } from '../../../../src/telemetry/counted.ts';
import { type Html, html } from '../html.ts';

/** `1,234`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 request`, `1,234 entries of the log`. @param units - in the plural. */
export function counted(value: number, units: string): string {
  return inWords(value, units, undefined, count(value));
}

/** The two largest units of a span: `3 h 12 min`. @param seconds - not negative. */
export function span(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  const [unit, size] = units[first]!;
  const next = units[first + 1];
  const rest = next ? Math.floor((seconds % size) / next[1]) : 0;
  return `${Math.floor(seconds / size)} ${unit}${rest > 0 ? ` ${rest} ${next![0]}` : ''}`;
}

/** How long ago something was, with the moment itself for whoever asks. @param time - ms since the epoch; null for never. */
export function ago(time: number | null, now: number): Html | string {
  if (time === null) return 'never';
  const iso = new Date(time).toISOString();
  const seconds = (now - time) / 1000;
  const text =
    seconds < 1 && seconds > -60 ? 'just now' : seconds < 0 ? `in ${span(-seconds)}` : `${span(seconds)} ago`;
  return html`<time datetime="${iso}" title="${iso}">${text}</time>`;
}

/** `2026-01-02 03:04:05 UTC`. */
export function moment(time: number): Html {
  const iso = new Date(time).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `3.4 GiB`. */
export function bytes(value: number): string {
  const power = Math.min(BYTES.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  const scaled = value / 1024 ** power;
  return `${power > 0 && scaled < 100 ? scaled.toFixed(1) : count(Math.round(scaled))} ${BYTES[power]}`;
}
