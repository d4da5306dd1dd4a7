import { readdirSync, readFileSync } from 'node:fs';

/** What of a Grafana dashboard the tests read; the field names are Grafana's. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Headings between panels. */
  readonly rows: readonly Pick<Panel, 'title' | 'gridPos'>[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: string }[];
  };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly Target[];
  readonly fieldConfig: FieldConfig;
  readonly options?: { readonly sortBy?: readonly { readonly displayName: string; readonly desc: boolean }[] };
  readonly transformations?: readonly { readonly id: string; readonly options: Record<string, unknown> }[];
  readonly datasource?: { readonly uid: string };
}

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant?: boolean;
  readonly datasource?: { readonly uid: string };
}

export interface FieldConfig {
  readonly defaults: FieldDefaults;
  readonly overrides: readonly {
    readonly matcher: { readonly id: string; readonly options: string };
    readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
  }[];
}

export interface FieldDefaults {
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly color?: { readonly mode: string; readonly fixedColor?: string };
  readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
  readonly custom?: Readonly<Record<string, unknown>>;
}

const directory = new URL('../../deploy/grafana/dashboards/', import.meta.url);

/** The committed dashboards, as Grafana would load them. */
export function loadDashboards(): Dashboard[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const { panels: all, ...dashboard } = JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Dashboard;
      const isRow = ({ type }: Panel) => type === 'row';
      return { ...dashboard, panels: all.filter((each) => !isRow(each)), rows: all.filter(isRow) };
    });
}

export interface TimeRange {
  /** Unix seconds. */
  readonly from: number;
  readonly to: number;
  /** Seconds between two points of a range query: Grafana's `$__interval`. */
  readonly step: number;
  /** Seconds between two scrapes. */
  readonly scrape: number;
}

/** Fills in Grafana's variables, by its own rules, with all instances chosen. */
export function interpolate(expr: string, { from, to, step, scrape }: TimeRange): string {
  const values: Readonly<Record<string, string>> = {
    $__rate_interval: `${Math.max(step + scrape, 4 * scrape)}s`,
    $__interval: `${step}s`,
    $__range: `${Math.round(to - from)}s`,
    $instance: '.*',
  };
  return expr.replace(/\$[a-z_]+/g, (variable) => values[variable] ?? variable);
}
