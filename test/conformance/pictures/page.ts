import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Dashboard } from '../../support/grafana-dashboard.ts';
import { drawPanel, toHtml } from './draw-panel.ts';
import type { PanelData } from './panel-data.ts';

const uplot = createRequire(import.meta.url)
  .resolve('uplot')
  .replace(/uPlot\.[^/]*$/, '');

/** Pixels: a dashboard is 24 columns wide, and a row of its grid so high. */
export const WIDTH = 1440;
const ROW = 38;
const GAP = 8;

/** The page's height in pixels. */
export function heightOf({ panels, rows }: Dashboard): number {
  return 48 + ROW * Math.max(...[...panels, ...rows].map(({ gridPos }) => gridPos.y + gridPos.h)) + 30;
}

/** A dashboard as a page that needs nothing else. */
export function renderPage(dashboard: Dashboard, panels: readonly PanelData[]): string {
  const column = (WIDTH - GAP) / 24;
  const cards = panels.map((data) => {
    const { x, y, w, h } = data.panel.gridPos;
    const place = `left:${(GAP + x * column).toFixed(1)}px;top:${48 + y * ROW}px;width:${(w * column - GAP).toFixed(1)}px;height:${h * ROW - GAP}px`;
    return `<section style="${place}"><h2>${toHtml(data.panel.title)}</h2>${drawPanel(data)}</section>`;
  });
  const headings = dashboard.rows.map(
    ({ title, gridPos }) => `<h3 style="top:${48 + gridPos.y * ROW}px">${toHtml(title)}</h3>`,
  );
  const note =
    'Drawn from the results of the dashboard’s own queries on a real Prometheus, with simulated Couics; a rendering, not a screenshot of Grafana.';
  return `<!doctype html><meta charset="utf-8"><style>${readFileSync(`${uplot}uPlot.min.css`, 'utf8')}${STYLE}</style>
<body style="width:${WIDTH}px;height:${heightOf(dashboard)}px"><h1>${toHtml(dashboard.title)}<small>Last 6 hours</small></h1>${[...headings, ...cards].join('\n')}
<footer>${note}</footer><script>${readFileSync(`${uplot}uPlot.iife.min.js`, 'utf8')}</script><script>${DRAW}</script></body>`;
}

const STYLE = `
* { box-sizing: border-box; margin: 0; }
body { background: #111217; color: #ccccdc; font: 12px/1.4 Inter, Helvetica, "DejaVu Sans", Arial, sans-serif; position: relative; overflow: hidden; }
h1 { font-size: 16px; font-weight: 500; padding: 12px 16px; }
h1 small { float: right; font-size: 12px; color: #8e8e9a; font-weight: 400; padding-top: 3px; }
h2 { font-size: 13px; font-weight: 500; padding: 7px 10px 2px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
h3 { position: absolute; left: 8px; right: 8px; font-size: 14px; font-weight: 500; padding: 6px 4px; }
h3::before { content: '⌄'; color: #8e8e9a; margin-right: 8px; }
section { position: absolute; background: #181b1f; border: 1px solid #25272c; border-radius: 3px; display: flex; flex-direction: column; overflow: hidden; }
footer { position: absolute; bottom: 8px; left: 16px; color: #6e6e7a; font-size: 11px; }
.empty { margin: auto; color: #8e8e9a; }
.stat { flex: 1; display: flex; }
.figure { flex: 1; position: relative; display: flex; flex-direction: column; align-items: center; justify-content: center; padding-bottom: 12px; }
.figure .label { font-size: 12px; color: #ccccdc; }
.figure .value { font-size: 34px; font-weight: 500; line-height: 1.15; z-index: 1; white-space: nowrap; }
.bars { flex: 1; display: flex; flex-direction: column; justify-content: space-evenly; padding: 6px 12px 10px; }
.bar { display: grid; grid-template-columns: 34% 1fr 56px; gap: 8px; align-items: center; }
.bar .label { text-align: right; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bar .track { background: #22252b; height: 14px; }
.bar .track div { height: 100%; background: linear-gradient(90deg, #1f60c4, #8ab8ff); }
.bar .amount { color: #8ab8ff; font-weight: 500; }
table { border-collapse: collapse; margin: 4px 10px; }
th { text-align: right; color: #8ab8ff; font-weight: 500; padding: 5px 10px; border-bottom: 1px solid #34363d; }
td { text-align: right; padding: 6px 10px; border-bottom: 1px solid #25272c; }
th:first-child, td:first-child { text-align: left; }
.plot { flex: 1; min-height: 0; padding: 2px 8px 0 2px; }
.legend { padding: 2px 12px 7px; max-height: 60px; overflow: hidden; color: #a0a0ae; font-size: 11px; }
.legend span { margin-right: 14px; white-space: nowrap; display: inline-block; }
.legend i { display: inline-block; width: 12px; height: 3px; margin-right: 5px; vertical-align: middle; }
.legend b { color: #ccccdc; font-weight: 500; }
`;

/** Runs in the browser: fills each place with its plot. */
const DRAW = `
for (const place of document.querySelectorAll('.plot')) {
  const { times, series, bars, marks, limits } = JSON.parse(place.dataset.plot);
  const axis = { stroke: '#8e8e9a', font: '11px sans-serif', grid: { stroke: '#25272c', width: 1 }, ticks: { show: false } };
  const texts = new Map(marks);
  const clock = (time) => new Date(time * 1000).toISOString().slice(11, 16);
  new uPlot({
    width: place.clientWidth - 10, height: place.clientHeight, legend: { show: false }, cursor: { show: false }, padding: [8, 8, 0, 0],
    scales: { x: { time: true }, y: { range: [marks[0][0], marks.at(-1)[0]] } },
    axes: [
      { ...axis, size: 22, space: 70, values: (u, at) => at.map(clock) },
      { ...axis, size: 66, splits: marks.map(([at]) => at), values: (u, at) => at.map((value) => texts.get(value) ?? '') },
    ],
    series: [{}, ...series.map(({ color, fill }) => ({
      stroke: color, fill, width: bars ? 0 : 1.5, points: { show: false }, spanGaps: false,
      ...(bars ? { paths: uPlot.paths.bars({ size: [0.9, 8] }) } : {}),
    }))],
    hooks: { draw: [(u) => {
      for (const [at, color] of limits) {
        const y = u.valToPos(at, 'y', true);
        u.ctx.save(); u.ctx.strokeStyle = color; u.ctx.lineWidth = 1; u.ctx.setLineDash([6, 5]);
        u.ctx.beginPath(); u.ctx.moveTo(u.bbox.left, y); u.ctx.lineTo(u.bbox.left + u.bbox.width, y); u.ctx.stroke(); u.ctx.restore();
      }
    }] },
  }, [times, ...series.map(({ values }) => values)], place);
}
`;
