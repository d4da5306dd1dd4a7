import type { FieldDefaults, Panel } from '../../support/grafana-dashboard.ts';

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
  purple: '#B877D9',
  text: '#ccccdc',
};

/** Colours of series by their names. Grafana has sixty, and finds them by another hash: there a name has another colour. */
const PALETTE = [
  '#5794F2',
  '#F2CC0C',
  '#B877D9',
  '#FF9830',
  '#8AB8FF',
  '#FFA6B0',
  '#65C5DB',
  '#E5A8E2',
  '#C15C17',
  '#F4D598',
  '#447EBC',
  '#EA6460',
  '#AEA2E0',
  '#F9934E',
  '#806EB7',
  '#CFFAFF',
  '#D683CE',
];

/** Of a series without a fixed colour: by its name, the same in every panel; or one of several shades. @param index - in its panel. */
export function seriesColor({ color }: FieldDefaults, name: string, index: number): string {
  if (color?.mode === 'shades') return shade(COLORS[color.fixedColor!]!, index);
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  return PALETTE[hash % PALETTE.length]!;
}

/** In turns lighter and darker. */
function shade(color: string, index: number): string {
  const share = Math.ceil(index / 2) / 6;
  const towards = index % 2 === 1 ? 255 : 0;
  const channel = (at: number) => Number.parseInt(color.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) => Math.round(channel(at) * (1 - share) + towards * share));
  return `#${mixed.map((each) => each.toString(16).padStart(2, '0')).join('')}`;
}

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
  return COLORS[reached?.color ?? 'text'] ?? COLORS.text!;
}

/** `/expression/` as Grafana writes it. */
function toRegExp(text: string): RegExp {
  return new RegExp(text.replace(/^\/|\/$/g, ''));
}
