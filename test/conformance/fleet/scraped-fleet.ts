import { setTimeout as delay } from 'node:timers/promises';
import {
  type Dashboard,
  interpolate,
  loadDashboards,
  type Target,
  type TimeRange,
} from '../../support/grafana-dashboard.ts';
import { type PrometheusServer, startPrometheus } from '../tools/prometheus-server.ts';
import { LiveFleet } from './live-fleet.ts';

export interface ScrapedFleetOptions {
  /** Path of Prometheus. */
  readonly prometheus: string;
  /** A Collector to scrape in place of the bridge: where it takes OTLP, and `host:port` of its metrics. */
  readonly collector?: { readonly otlp: string; readonly metrics: string };
}

/** Seconds that the fleet lives. */
const LENGTH = 25;

const ACCEPTED = 'couic_bridge_receiver_accepted_reports_total';

/** Waits until Prometheus has the last report: one more scrape; through a Collector, one more batch. */
async function everythingIn(server: PrometheusServer, metrics: string): Promise<void> {
  const text = await (await fetch(`http://${metrics}/metrics`)).text();
  const accepted = [...text.matchAll(new RegExp(`^${ACCEPTED}\\{.*\\} (\\d+)$`, 'gm'))];
  const all = accepted.reduce((sum, [, value]) => sum + Number(value), 0);
  while (Number((await server.query(`sum(${ACCEPTED})`))[0]?.value[1]) !== all) await delay(200);
}

/** A fleet that lived for a while, the Prometheus that scraped it each second, and the dashboards' questions to it. */
export class ScrapedFleet {
  readonly live: LiveFleet;
  readonly server: PrometheusServer;
  readonly dashboards: readonly Dashboard[] = loadDashboards();
  readonly range: TimeRange;

  private constructor(live: LiveFleet, server: PrometheusServer, range: TimeRange) {
    this.live = live;
    this.server = server;
    this.range = range;
  }

  static async run({ prometheus, collector }: ScrapedFleetOptions): Promise<ScrapedFleet> {
    const live = await LiveFleet.start(LENGTH, collector?.otlp);
    const metrics = collector?.metrics ?? live.bridge.metrics;
    const server = await startPrometheus(prometheus, { bridge: metrics });
    // Known for a while before anything happens, as a Couic is that reports its first rule of a new tag.
    while ((await server.query('couic_bridge_receiver_accepted_reports_total')).length === 0) await delay(200);
    await delay(2500);
    const from = Date.now() / 1000;
    await live.live(LENGTH);
    await everythingIn(server, live.bridge.metrics);
    return new ScrapedFleet(live, server, { from, to: Date.now() / 1000, step: 1, scrape: 1 });
  }

  /** The finite values that Grafana would get. */
  async values({ expr, instant }: Target): Promise<number[]> {
    const query = interpolate(expr, this.range);
    const points = instant
      ? (await this.server.query(query, this.range.to)).map(({ value }) => value)
      : (await this.server.queryRange(query, this.range)).flatMap(({ values }) => values);
    return points.map(([, value]) => Number(value)).filter(Number.isFinite);
  }

  /** The values by label of a panel's query, as an instant query at the end. @param which - of its queries. */
  async ask(uid: string, title: string, label: string, which = 0): Promise<Map<string | undefined, number>> {
    const panels = this.dashboards.find((dashboard) => dashboard.uid === uid)?.panels;
    const target = panels?.find((panel) => panel.title === title)?.targets[which];
    if (!target) throw new Error(`${uid} has no panel ${title} with a query ${which}`);
    // The last hour is the time since a second before the first report.
    const hour = `${Math.ceil(this.range.to - this.range.from + 1)}s`;
    const expr = interpolate(target.expr, this.range).replaceAll('1h', hour);
    const result = await this.server.query(expr, this.range.to);
    return new Map(result.map(({ metric, value }) => [metric[label], Number(value[1])]));
  }

  /** Drop rules that were really added, by tag. */
  get blocks(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { blocks } of this.live.couics) {
      for (const [tag, count] of blocks) sums.set(tag ?? 'untagged', (sums.get(tag ?? 'untagged') ?? 0) + count);
    }
    return sums;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.live.stop();
  }
}
