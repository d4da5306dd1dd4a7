import { interpolate, type Panel, type Target, type TimeRange } from '../../support/grafana-dashboard.ts';
import type { PrometheusServer } from '../tools/prometheus-server.ts';

/** One series or one figure of a panel. */
export interface Field {
  readonly refId: string;
  /** The legend, filled in. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** One for each of the panel's times; null = no sample. An instant query gives one. */
  readonly values: readonly (number | null)[];
}

export interface PanelData {
  readonly panel: Panel;
  /** Unix seconds. */
  readonly times: readonly number[];
  readonly fields: readonly Field[];
}

/** What Grafana would ask for a panel, asked of a real Prometheus. */
export async function loadPanel(server: PrometheusServer, panel: Panel, range: TimeRange): Promise<PanelData> {
  const times: number[] = [];
  for (let time = range.from; time <= range.to; time += range.step) times.push(time);
  const fields: Field[] = [];
  for (const target of panel.targets) {
    const query = interpolate(target.expr, range);
    if (target.instant) {
      for (const { metric, value } of await server.query(query, range.to)) {
        fields.push(field(target, metric, [Number(value[1])]));
      }
    } else {
      for (const { metric, values } of await server.queryRange(query, range)) {
        const byTime = new Map(values.map(([time, value]) => [time, Number(value)]));
        fields.push(
          field(
            target,
            metric,
            times.map((time) => finite(byTime.get(time))),
          ),
        );
      }
    }
  }
  return { panel, times, fields };
}

function field(target: Target, labels: Readonly<Record<string, string>>, values: Field['values']): Field {
  const name = target.legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');
  return { refId: target.refId, name, labels, values };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
