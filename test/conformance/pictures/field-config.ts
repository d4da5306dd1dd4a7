import type { Panel } from '../../support/grafana-dashboard.ts';

export interface Step {
  readonly value: number | null;
  readonly color: string;
}

/** What a field looks like: the panel's defaults with the overrides that match its name. */
export interface Looks {
  readonly name: string;
  readonly unit: string;
  readonly decimals?: number;
  readonly steps: readonly Step[];
  /** Fixed by an override. */
  readonly color?: string;
  /** Text and colour for a value. */
  readonly mappings: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
  /** Whether a table colours its text. */
  readonly colored: boolean;
}

/** Colours of Grafana's palette, by its names. */
export const COLORS: Readonly<Record<string, string>> = {
  green: '#73BF69',
  yellow: '#F2CC0C',
  orange: '#FF9830',
  red: '#F2495C',
  blue: '#5794F2',
};

/** Colours of series, in order: Grafana's palette-classic. */
export const PALETTE = [
  '#73BF69',
  '#F2CC0C',
  '#5794F2',
  '#FF9830',
  '#F2495C',
  '#B877D9',
  '#37872D',
  '#8AB8FF',
  '#FFA6B0',
  '#C4162A',
];

export function looksOf(panel: Panel, name: string): Looks {
  const { defaults, overrides } = panel.fieldConfig;
  const set = new Map<string, unknown>();
  for (const { matcher, properties } of overrides) {
    const matches = matcher.id === 'byRegexp' ? toRegExp(matcher.options).test(name) : matcher.options === name;
    if (matches) for (const { id, value } of properties) set.set(id, value);
  }
  const thresholds = (set.get('thresholds') ?? defaults.thresholds) as { steps: readonly Step[] } | undefined;
  const decimals = (set.get('decimals') ?? defaults.decimals) as number | undefined;
  const color = (set.get('color') as { fixedColor: string } | undefined)?.fixedColor;
  const mappings = set.get('mappings') as readonly { options: Looks['mappings'] }[] | undefined;
  return {
    name: (set.get('displayName') as string | undefined) ?? name,
    unit: (set.get('unit') as string | undefined) ?? defaults.unit ?? 'short',
    ...(decimals !== undefined && { decimals }),
    steps: thresholds?.steps ?? [],
    ...(color !== undefined && { color: COLORS[color] ?? color }),
    mappings: mappings?.[0]?.options ?? {},
    colored: set.has('custom.cellOptions'),
  };
}

/** The colour of the highest step that the value reaches. */
export function colorAt(steps: readonly Step[], value: number): string {
  const reached = steps.filter(({ value: from }) => from === null || value >= from).at(-1);
  return COLORS[reached?.color ?? 'green'] ?? COLORS.green!;
}

/** `/expression/` as Grafana writes it. */
function toRegExp(text: string): RegExp {
  return new RegExp(text.replace(/^\/|\/$/g, ''));
}
