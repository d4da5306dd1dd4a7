import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadDashboards } from '../support/grafana-dashboard.ts';
import { fastMotion } from './fleet/fast-motion.ts';
import { heightOf, renderPage, WIDTH } from './pictures/page.ts';
import { loadPanel } from './pictures/panel-data.ts';
import { screenshot } from './pictures/screenshot.ts';
import { run } from './tools/command.ts';
import { describeWith } from './tools/describe-with.ts';
import { type PrometheusServer, startPrometheus } from './tools/prometheus-server.ts';

const HOUR = 3600;
const SCRAPE = 30;
const MINUTES = 15 * 60_000;
const dashboards = loadDashboards();
const byTitle = dashboards.map((dashboard) => [dashboard.title, dashboard] as const);

describeWith(
  ['prometheus', 'promtool', 'chromium'],
  'Pictures of the dashboards',
  ({ prometheus, promtool, chromium }) => {
    // Always the same afternoon: a picture changes only with what it shows.
    const to = Date.parse('2026-01-15T17:45:00Z') / 1000;
    const range = { from: to - 6 * HOUR, to, step: 60, scrape: SCRAPE };
    let directory: string;
    let server: PrometheusServer;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'couic-pictures-'));
      const history = join(directory, 'history.txt');
      await record(history, range.from - 1200, to);
      server = await startPrometheus(prometheus, {}, [], async (data) => {
        const args = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', history, data];
        const { code, stderr } = await run(promtool, args, { timeout: MINUTES });
        if (code !== 0) throw new Error(`promtool could not read the history: ${stderr}`);
      });
    }, MINUTES);

    afterAll(async () => {
      await server?.stop();
      await rm(directory, { recursive: true, force: true });
    });

    test.for(byTitle)('%s', async ([, dashboard], { annotate }) => {
      const panels = [];
      for (const panel of dashboard.panels) panels.push(await loadPanel(server, panel, range));
      expect(panels.filter(({ fields }) => fields.length === 0).map(({ panel }) => panel.title)).toEqual([]);
      const images = process.env.CONFORMANCE_PICTURES ?? directory;
      await mkdir(images, { recursive: true });
      const file = join(images, `${dashboard.uid}.png`);
      await screenshot({
        chromium,
        html: renderPage(dashboard, panels),
        width: WIDTH,
        height: heightOf(dashboard),
        file,
      });
      const png = await readFile(file);
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([WIDTH, heightOf(dashboard)]);
      // A blank page is a few KB.
      expect(png.length).toBeGreaterThan(50_000);
      await annotate(`${panels.length} panels, ${Math.round(png.length / 1024)} KB`);
    });
  },
);

/** Hours of scrapes as one text with times, which promtool makes blocks of. */
async function record(file: string, start: number, end: number): Promise<void> {
  const out = createWriteStream(file);
  await fastMotion({
    start,
    end,
    scrape: SCRAPE,
    onScrape(exposition, time) {
      for (const line of exposition.split('\n')) {
        if (line === '' || line.startsWith('#')) continue;
        const value = line.lastIndexOf(' ');
        const series = line.slice(0, value).replace('{', '{job="couic-otel-bridge",instance="127.0.0.1:9464",');
        out.write(`${series} ${line.slice(value + 1)} ${time}\n`);
      }
    },
  });
  out.end('# EOF\n');
  await finished(out);
}
