import { type Html, html } from '../html.ts';
import { count } from './format.ts';

const WIDTH = 240;
const HEIGHT = 36;
const SLOTS = 60;

/** A bar for each minute, the newest on the right; said in words as well. @param perMinute - oldest first, at most 60. */
export function sparkline(perMinute: readonly number[]): Html {
  const most = Math.max(...perMinute, 1);
  const step = WIDTH / SLOTS;
  const offset = SLOTS - perMinute.length;
  const bars = perMinute.map((value, index) => {
    const height = value === 0 ? 1 : Math.max(2, (value / most) * HEIGHT);
    const x = ((offset + index) * step).toFixed(1);
    return html`<rect class="${value === 0 ? 'none' : 'some'}" x="${x}" y="${(HEIGHT - height).toFixed(1)}" width="${(step - 1).toFixed(1)}" height="${height.toFixed(1)}"/>`;
  });
  const when = perMinute.length === 1 ? 'the last minute' : `each of the last ${perMinute.length} minutes`;
  const said = `Drop rules added in ${when}: ${count(perMinute.at(-1) ?? 0)} in this one, ${count(Math.max(...perMinute, 0))} at most`;
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${said}">${bars}</svg>`;
}

/** How much of something is taken, from 0 to 1. What it says stands beside it as text. */
export function bar(share: number, name: string): Html {
  const width = (Math.min(1, Math.max(0, share)) * 100).toFixed(2);
  return html`<svg class="bar ${name}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="6"/><rect class="fill" width="${width}" height="6"/></svg>`;
}
