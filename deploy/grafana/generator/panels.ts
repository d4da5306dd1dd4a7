import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  GraphGradientMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/** The one data source of a dashboard: the variable above it. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

export interface PanelOptions {
  readonly title: string;
  /** What it shows and what to do about it: the text behind the (i). */
  readonly description: string;
  readonly unit: string;
  /** In 24ths of the dashboard. */
  readonly width: number;
  readonly height?: number;
  /** From which value on which colour; below the first it is green. Without any, a figure has the colour of text: nothing of it is good or bad. */
  readonly thresholds?: readonly Step[];
  /** 0 for what is counted: an axis then has whole numbers. */
  readonly decimals?: number;
}

export type Step = readonly [value: number, color: 'yellow' | 'orange' | 'red'];

interface SeriesOptions extends PanelOptions {
  readonly min?: number;
  /** Where the axis ends at least, so that a threshold is seen however far the lines are from it. */
  readonly atLeastTo?: number;
  readonly draw?: 'lines' | 'bars' | 'stacked';
  /** One colour in shades, for series that are parts of one thing. @default each its own, by its name: the same in every panel */
  readonly shadesOf?: string;
}

/** What is counted over a minute: people tell such numbers from each other. */
export const PER_MINUTE = 'suffix:/min';

/** A query over the time range of the dashboard. */
export function range(expr: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(DATASOURCE).expr(expr).legendFormat(legend).range();
}

/** A query for the range's end. */
export function instant(expr: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(DATASOURCE).expr(expr).legendFormat(legend).instant();
}

/** Large figures, of a moment or of a time that the title names; their course is in a panel below. */
export function statPanel(options: PanelOptions, ...queries: DataqueryBuilder[]): stat.PanelBuilder {
  return common(new stat.PanelBuilder(), options, queries)
    .height(options.height ?? 4)
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
}

/** Lines over time, with the last value of each in the legend, and the thresholds as dashed lines. */
export function seriesPanel(options: SeriesOptions, ...queries: DataqueryBuilder[]): timeseries.PanelBuilder {
  const panel = common(new timeseries.PanelBuilder(), options, queries)
    .height(options.height ?? 8)
    .colorScheme(
      options.shadesOf === undefined
        ? new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName)
        : new FieldColorBuilder().mode(FieldColorModeId.Shades).fixedColor(options.shadesOf),
    )
    .drawStyle(options.draw === 'bars' ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .lineWidth(options.draw === 'bars' ? 1 : 2)
    .fillOpacity({ lines: 10, bars: 70, stacked: 40 }[options.draw ?? 'lines'])
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (options.draw) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (options.min !== undefined) panel.min(options.min);
  if (options.atLeastTo !== undefined) panel.axisSoftMax(options.atLeastTo);
  if (options.thresholds) {
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  return panel;
}

/** One bar for each series of an instant query, in the query's order. */
export function barsPanel(options: PanelOptions, ...queries: DataqueryBuilder[]): bargauge.PanelBuilder {
  return common(new bargauge.PanelBuilder(), options, queries)
    .height(options.height ?? 8)
    .min(0)
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Gradient)
    .namePlacement(BarGaugeNamePlacement.Left)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.ContinuousBlues))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
}

/** One row for each set of labels: instant queries whose values stand side by side. */
export function tablePanel(options: PanelOptions, ...queries: DataqueryBuilder[]): table.PanelBuilder {
  const asTable = queries.map((query) => query.format(PromQueryFormat.Table));
  return common(new table.PanelBuilder(), options, asTable)
    .height(options.height ?? 8)
    .withTransformation({ id: 'merge', options: {} });
}

/** A colour that a series has whatever its name hashes to. */
export function colored(color: string): { id: string; value: unknown }[] {
  return looks({ color: { mode: 'fixed', fixedColor: color } });
}

/** A column's or a series' own looks: by name, or by /expression/. */
export function looks(properties: Readonly<Record<string, unknown>>): { id: string; value: unknown }[] {
  return Object.entries(properties).map(([id, value]) => ({ id, value }));
}

export function steps(thresholds: readonly Step[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([
      { value: null, color: thresholds.length > 0 ? 'green' : 'text' },
      ...thresholds.map(([value, color]) => ({ value, color })),
    ]);
}

/** What the builders of all panel kinds have in common; the SDK gives them no shared type. */
interface CommonBuilder {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: typeof DATASOURCE): this;
  span(width: number): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  thresholds(thresholds: ThresholdsConfigBuilder): this;
  targets(queries: DataqueryBuilder[]): this;
}

function common<Panel extends CommonBuilder>(panel: Panel, options: PanelOptions, queries: DataqueryBuilder[]): Panel {
  if (options.decimals !== undefined) panel.decimals(options.decimals);
  return panel
    .title(options.title)
    .description(options.description)
    .datasource(DATASOURCE)
    .span(options.width)
    .unit(options.unit)
    .thresholds(steps(options.thresholds ?? []))
    .targets(queries.map((query, index) => query.refId(String.fromCharCode(65 + index))));
}
