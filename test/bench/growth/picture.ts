import { type Curve, median } from '../benchmark.ts';

const WIDTH = 280;
const HEIGHT = 180;
const LEFT = 44;
const BOTTOM = 40;
const TOP = 28;
const GAP = 24;

/** The curves side by side as an SVG: medians as a line, the runs' spread as a band. All begin at 0, so that flat looks flat. */
export function drawCurves(curves: readonly Curve[]): string {
  const highest = Math.max(...curves.flatMap(({ points }) => points.flatMap(({ runs }) => [...runs])));
  const top = Math.ceil(highest * 2) / 2;
  const total = curves.length * (LEFT + WIDTH + GAP);
  const height = TOP + HEIGHT + BOTTOM;
  const panels = curves.map((curve, i) => drawPanel(curve, i * (LEFT + WIDTH + GAP) + LEFT, top)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total} ${height}" width="${total}" height="${height}" font-family="sans-serif" font-size="11" role="img">
<title>CPU time a report, as a multiple of JSON.parse, over ${curves.map(({ over }) => over).join(', ')}</title>
<rect width="100%" height="100%" fill="#fff"/>
${panels}
</svg>
`;
}

function drawPanel({ over, points }: Curve, left: number, top: number): string {
  const last = points.at(-1)!.at;
  const x = (at: number) => (left + (at / last) * WIDTH).toFixed(1);
  const y = (value: number) => (TOP + HEIGHT - (value / top) * HEIGHT).toFixed(1);
  const line = points.map(({ at, runs }) => `${x(at)},${y(median(runs))}`).join(' ');
  const upper = points.map(({ at, runs }) => `${x(at)},${y(Math.max(...runs))}`);
  const lower = points.map(({ at, runs }) => `${x(at)},${y(Math.min(...runs))}`);
  const grid = Array.from({ length: Math.round(top * 2) + 1 }, (_, i) => i / 2).map(
    (value) =>
      `<line x1="${left}" x2="${left + WIDTH}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/><text x="${left - 6}" y="${y(value)}" dy="4" text-anchor="end">${value}</text>`,
  );
  const ticks = [points[0]!.at, last / 2, last].map(
    (at) => `<text x="${x(at)}" y="${TOP + HEIGHT + 16}" text-anchor="middle">${at.toLocaleString('en')}</text>`,
  );
  return `<text x="${left}" y="${TOP - 10}" font-weight="bold">CPU a report ÷ JSON.parse</text>
${grid.join('\n')}
${ticks.join('\n')}
<text x="${left + WIDTH / 2}" y="${TOP + HEIGHT + 32}" text-anchor="middle">${over}</text>
<polygon points="${[...upper, ...lower.reverse()].join(' ')}" fill="#3b6fb6" opacity="0.2"/>
<polyline points="${line}" fill="none" stroke="#3b6fb6" stroke-width="2"/>
${points.map(({ at, runs }) => `<circle cx="${x(at)}" cy="${y(median(runs))}" r="3" fill="#3b6fb6"/>`).join('\n')}`;
}
