import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { interpolate, loadDashboards, type Target } from '../support/grafana-dashboard.ts';
import { prometheusName } from '../support/prometheus-names.ts';
import { MADE_UP } from './fleet/api-metrics.ts';
import { LiveFleet } from './fleet/live-fleet.ts';
import { describeWith } from './tools/describe-with.ts';
import { type PrometheusServer, startPrometheus } from './tools/prometheus-server.ts';

/** Seconds that the fleet lives while it is scraped each second. */
const LENGTH = 25;
const dashboards = loadDashboards();
const byTitle = dashboards.map((dashboard) => [dashboard.title, dashboard] as const);

describeWith(['prometheus'], 'Dashboards on a Prometheus that scraped a running bridge', ({ prometheus }) => {
  let live: LiveFleet;
  let server: PrometheusServer;
  let from: number;
  let to: number;

  beforeAll(async () => {
    live = await LiveFleet.start(LENGTH);
    server = await startPrometheus(prometheus, live.targets);
    // A few scrapes before anything happens, as there are of every Couic that is known for a while.
    while ((await server.query('min_over_time(up{job="bridge"}[1m]) == 1')).length === 0) await delay(200);
    await delay(2500);
    from = Date.now() / 1000;
    await live.live(LENGTH);
    // One more scrape, so that the last report is in.
    await delay(2000);
    to = Date.now() / 1000;
  });

  afterAll(async () => {
    await server?.stop();
    await live?.stop();
  });

  test.for(byTitle)('%s: every query of every panel gives data', async ([title, { panels }], { annotate }) => {
    const empty: string[] = [];
    let queries = 0;
    for (const panel of panels) {
      for (const target of panel.targets) {
        queries += 1;
        if (!(await givesData(target))) empty.push(`${title} / ${panel.title} / ${target.refId}: ${target.expr}`);
      }
    }
    expect(empty).toEqual([]);
    await annotate(`${queries} queries in ${panels.length} panels`);
  });

  test('which tag was blocked most in the last hour: as many as were really added, new tags included', async () => {
    const truth = new Map<string, number>();
    for (const { blocks } of live.couics) {
      for (const [tag, count] of blocks) add(truth, tag ?? 'untagged', count);
    }
    const shown = new Map<string, number>();
    // The hour is the time since a second before the first report.
    const query = exprOf('Couic / Threat', 'Most blocked, last hour').replaceAll('1h', `${Math.ceil(to - from + 1)}s`);
    for (const { metric, value } of await server.query(query, to)) {
      shown.set(metric.couic_rule_tag!, Number(value[1]));
    }
    const [most] = [...truth].sort(([, a], [, b]) => b - a);
    expect([...shown][0]).toEqual(most);
    for (const [tag, count] of shown)
      if (tag !== '_OTHER') expect({ tag, count }).toEqual({ tag, count: truth.get(tag) });
  });

  test('whether CrowdSec got its windows: the last one just now, and which exporter waits', async () => {
    const last = await server.query(exprOf('Couic / Bridge', 'Last window in CrowdSec'), to);
    expect(last.map(({ metric }) => metric.exporter)).toEqual(['crowdsec']);
    expect(Number(last[0]!.value[1])).toBeLessThan(10);
    const waiting = await server.query(exprOf('Couic / Bridge', 'Outbox'), to);
    const counts = Object.fromEntries(waiting.map(({ metric, value }) => [metric.exporter, Number(value[1])]));
    expect(counts['crowdsec/deaf']).toBeGreaterThan(0);
  });

  test('whether a Couic went silent: the one that stopped is the one that was not heard of for longest', async () => {
    const [reporting, silent] = dashboards.find(({ uid }) => uid === 'couic-fleet')!.panels[0]!.targets;
    const count = async (target: Target, time: number) =>
      Number((await server.query(interpolate(target.expr, scale()), time))[0]!.value[1]);
    expect(await count(reporting!, to)).toBe(3);
    expect(await count(silent!, to)).toBe(0);
    const ages = await server.query(exprOf('Couic / Fleet', 'Time since the last report'), to);
    const age = Object.fromEntries(ages.map(({ metric, value }) => [metric.couic_instance_name, Number(value[1])]));
    expect(age.tokyo).toBeGreaterThan(age.paris!);
  });

  test('Prometheus had nothing to complain about', () => {
    expect(server.warnings()).toEqual([]);
  });

  test('what is made up here is what the bridge does not give yet', async () => {
    const given = await server.query('group by (__name__) ({job="bridge"})', to);
    const names = given.map(({ metric }) => metric.__name__);
    expect(MADE_UP.map(prometheusName).filter((name) => names.includes(name))).toEqual([]);
  });

  function scale() {
    return { from, to, step: 1, scrape: 1 };
  }

  function exprOf(title: string, panelTitle: string): string {
    const panel = dashboards
      .find((dashboard) => dashboard.title === title)
      ?.panels.find((each) => each.title === panelTitle);
    return interpolate(panel!.targets[0]!.expr, scale());
  }

  async function givesData({ expr, instant }: Target): Promise<boolean> {
    const query = interpolate(expr, scale());
    const values = instant
      ? (await server.query(query, to)).map(({ value }) => value)
      : (await server.queryRange(query, scale())).flatMap(({ values }) => values);
    return values.some(([, value]) => Number.isFinite(Number(value)));
  }
});

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
