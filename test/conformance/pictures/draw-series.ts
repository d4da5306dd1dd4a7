import { COLORS, looksOf, seriesColor } from './field-config.ts';
import { formatValue } from './format.ts';
import type { PanelData } from './panel-data.ts';

/** What the page's script hands to uPlot. */
export interface SeriesPlot {
  readonly times: readonly number[];
  readonly series: readonly {
    readonly color: string;
    readonly fill: string;
    readonly values: readonly (number | null)[];
  }[];
  readonly bars: boolean;
  /** Positions and texts of the marks on the left. */
  readonly marks: readonly (readonly [at: number, text: string])[];
  readonly limits: readonly (readonly [at: number, color: string])[];
}

/** Behind the plots. */
const BACKGROUND = '#181b1f';

/** A place for uPlot, which draws into it in the browser, and the legend below. */
export function drawSeries({ panel, times, fields }: PanelData): string {
  const { custom, min, decimals } = panel.fieldConfig.defaults;
  const bars = custom?.drawStyle === 'bars';
  const stacked = (custom?.stacking as { mode: string } | undefined)?.mode === 'normal';
  const fillOf = (color: string) => (stacked ? mix(color, bars ? 0.75 : 0.45) : `${color}1a`);
  const looks = fields.map((field, index) => {
    const own = looksOf(panel, field.name);
    return { ...own, color: own.color ?? seriesColor(panel.fieldConfig.defaults, field.name, index) };
  });
  const steps = looks[0]!.steps.filter(({ value }) => value !== null);
  const drawn = stacked ? stack(fields.map(({ values }) => values)) : fields.map(({ values }) => values);
  const numbers = drawn.flat().filter((value) => value !== null);
  const limits = steps.map(({ value, color }) => [value!, COLORS[color]!] as const);
  const high = Math.max(...numbers, (custom?.axisSoftMax as number | undefined) ?? Number.NEGATIVE_INFINITY);
  const marks = ticks(min ?? Math.min(...numbers, 0), high, looks[0]!.unit, decimals === 0).map(
    (at) => [at, formatValue(at, looks[0]!.unit)] as const,
  );
  const plot: SeriesPlot = {
    times,
    // The highest of a stack first, so that the lower ones are drawn over it.
    series: drawn
      .map((values, index) => ({ values, color: looks[index]!.color, fill: fillOf(looks[index]!.color) }))
      .reverse(),
    bars,
    marks,
    limits,
  };
  const legend = fields.map((field, index) => {
    const { name, color, unit } = looks[index]!;
    const value = field.values.findLast((each) => each !== null);
    const now = value === undefined || value === null ? '' : formatValue(value, unit);
    return `<span><i style="background:${color}"></i>${name} <b>${now}</b></span>`;
  });
  return `<div class="plot" data-plot='${JSON.stringify(plot).replaceAll("'", '&#39;')}'></div><div class="legend">${legend.join('')}</div>`;
}

/** Each series on top of those before it. */
function stack(columns: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const sums: number[] = [];
  return columns.map((values) =>
    values.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0);
      return sums[index];
    }),
  );
}

/** A colour over the background, opaque: what is stacked must not shine through. */
function mix(color: string, share: number): string {
  const channel = (of: string, at: number) => Number.parseInt(of.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) => Math.round(channel(color, at) * share + channel(BACKGROUND, at) * (1 - share)));
  return `rgb(${mixed.join(' ')})`;
}

/** Four to six round numbers that hold all between `low` and `high`. */
function ticks(low: number, high: number, unit: string, isWhole: boolean): number[] {
  const rough = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const sizes = unit === 's' && rough > 10 ? TIMES : [1, 2, 2.5, 5, 10].map((factor) => factor * power);
  const fitting = sizes.find((size) => size >= rough && (!isWhole || Number.isInteger(size))) ?? sizes.at(-1)!;
  const step = isWhole ? Math.max(1, fitting) : fitting;
  const first = Math.floor(low / step);
  const count = Math.max(Math.ceil(high / step - 1e-9), first + 1) - first;
  return Array.from({ length: count + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

const TIMES = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
