import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadDashboards } from '../support/grafana-dashboard.ts';
import { ScrapedFleet } from './fleet/scraped-fleet.ts';
import { CollectorProcess } from './tools/collector-process.ts';
import { describeWith } from './tools/describe-with.ts';

const collectorConfig = join(import.meta.dirname, '../../deploy/collector/config.yaml');

describeWith(['prometheus'], 'Dashboards on a Prometheus that scraped a running bridge', ({ prometheus }) => {
  let fleet: ScrapedFleet;

  beforeAll(async () => {
    fleet = await ScrapedFleet.run({ prometheus });
  });

  afterAll(() => fleet?.stop());

  everyPanelGivesData(() => fleet);

  test('which tag was blocked most in the last hour: as many as were really added, new tags included', async () => {
    const shown = await fleet.ask('couic-threat', 'Most blocked, last hour', 'couic_rule_tag');
    shown.delete('_OTHER');
    const most = [...fleet.blocks].toSorted(([, a], [, b]) => b - a).slice(0, shown.size);
    expect(shown.size).toBeGreaterThan(5);
    expect([...shown][0]).toEqual(most[0]);
    for (const [tag, count] of shown) expect({ tag, count }).toEqual({ tag, count: fleet.blocks.get(tag!) });
  });

  test('whether CrowdSec got its windows: the last one just now, and which exporter waits', async () => {
    const last = await fleet.ask('couic-bridge', 'Time since the last window', 'exporter');
    expect([...last.keys()]).toEqual(['crowdsec']);
    expect(last.get('crowdsec')).toBeLessThan(10);
    const waiting = await fleet.ask('couic-bridge', 'Outbox, windows', 'exporter');
    expect(waiting.get('crowdsec/deaf')).toBeGreaterThan(0);
  });

  test('whether a Couic went silent: the one that was not heard of for longest is the one that stopped', async () => {
    const ages = await fleet.ask('couic-fleet', 'Time since the last report', 'couic_instance_name');
    const [longest] = [...ages].toSorted(([, a], [, b]) => b - a);
    expect(longest?.[0]).toBe('tokyo');
  });

  test('Prometheus had nothing to complain about', () => {
    expect(fleet.server.warnings()).toEqual([]);
  });
});

describeWith(['prometheus', 'otelcol'], 'Dashboards when the metrics come through deploy/collector', (paths) => {
  let collector: CollectorProcess;
  let fleet: ScrapedFleet;

  beforeAll(async () => {
    collector = await CollectorProcess.start(paths.otelcol, collectorConfig);
    fleet = await ScrapedFleet.run({ prometheus: paths.prometheus, collector });
  });

  afterAll(async () => {
    await fleet?.stop();
    await collector?.stop();
  });

  everyPanelGivesData(() => fleet);

  test('which tag was blocked most in the last hour: as many as were really added, here too', async () => {
    const shown = await fleet.ask('couic-threat', 'Most blocked, last hour', 'couic_rule_tag');
    shown.delete('_OTHER');
    expect(shown.size).toBeGreaterThan(5);
    for (const [tag, count] of shown) expect({ tag, count }).toEqual({ tag, count: fleet.blocks.get(tag!) });
  });

  test('neither the Collector nor Prometheus had anything to complain about', () => {
    expect(collector.complaints).toEqual([]);
    expect(fleet.server.warnings()).toEqual([]);
  });
});

function everyPanelGivesData(fleet: () => ScrapedFleet): void {
  const byTitle = loadDashboards().map((dashboard) => [dashboard.title, dashboard] as const);
  test.for(byTitle)('%s: every query of every panel gives data', async ([, { panels }], { annotate }) => {
    const targets = panels.flatMap((panel) => panel.targets.map((target) => ({ panel: panel.title, target })));
    const empty: string[] = [];
    for (const { panel, target } of targets) {
      if ((await fleet().values(target)).length === 0) empty.push(`${panel}, ${target.refId}: ${target.expr}`);
    }
    expect(empty).toEqual([]);
    await annotate(`${targets.length} queries in ${panels.length} panels`);
  });
}
