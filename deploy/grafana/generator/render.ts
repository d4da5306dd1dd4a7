import { bridge } from './bridge.ts';
import { fleet } from './fleet.ts';
import { threat } from './threat.ts';

/** The committed files under `deploy/grafana/dashboards`, by name. */
export function renderDashboards(): ReadonlyMap<string, string> {
  const dashboards = [fleet(), threat(), bridge()].map((builder) => builder.build());
  return new Map(
    dashboards.map((dashboard) => {
      for (const [index, panel] of (dashboard.panels ?? []).entries()) panel.id = index + 1;
      return [`${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`];
    }),
  );
}
