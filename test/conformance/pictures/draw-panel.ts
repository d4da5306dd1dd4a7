import { drawSeries } from './draw-series.ts';
import { colorAt, looksOf } from './field-config.ts';
import { formatValue } from './format.ts';
import type { Field, PanelData } from './panel-data.ts';

/** The inside of a panel, as HTML. */
export function drawPanel(data: PanelData): string {
  if (data.fields.length === 0) return '<div class="empty">No data</div>';
  switch (data.panel.type) {
    case 'stat':
      return drawStat(data);
    case 'bargauge':
      return drawBars(data);
    case 'table':
      return drawTable(data);
    case 'timeseries':
      return drawSeries(data);
    default:
      throw new Error(`no renderer for a panel of type ${data.panel.type}: add it here`);
  }
}

function drawStat({ panel, fields }: PanelData): string {
  const figures = fields.map((field) => {
    const { name, unit, decimals, steps } = looksOf(panel, field.name);
    const value = last(field);
    const label = fields.length > 1 ? `<div class="label">${toHtml(name)}</div>` : '';
    return `<div class="figure">${label}<div class="value" style="color:${colorAt(steps, value)}">${formatValue(value, unit, decimals)}</div></div>`;
  });
  return `<div class="stat">${figures.join('')}</div>`;
}

function drawBars({ panel, fields }: PanelData): string {
  const most = panel.fieldConfig.defaults.max ?? Math.max(...fields.map(last));
  const bars = fields.map((field) => {
    const { name, unit, decimals } = looksOf(panel, field.name);
    const share = most === 0 ? 0 : last(field) / most;
    return (
      `<div class="bar"><div class="label">${toHtml(name)}</div><div class="track"><div style="width:${(100 * share).toFixed(1)}%"></div></div>` +
      `<div class="amount">${formatValue(last(field), unit, decimals)}</div></div>`
    );
  });
  return `<div class="bars">${bars.join('')}</div>`;
}

/** Rows by their labels, one column for each query: what Grafana's merge and organize make of it. */
function drawTable({ panel, fields }: PanelData): string {
  const organize = panel.transformations?.find(({ id }) => id === 'organize')?.options as
    | { renameByName: Record<string, string> }
    | undefined;
  const rename = (name: string) => organize?.renameByName[name] ?? name;
  const labels = [...new Set(fields.flatMap((field) => Object.keys(field.labels)))];
  const queries = panel.targets.map(({ refId }) => refId);
  const rows = new Map<string, Field[]>();
  for (const field of fields) {
    const key = labels.map((label) => field.labels[label]).join('\0');
    rows.set(key, [...(rows.get(key) ?? []), field]);
  }
  const head = [...labels, ...queries.map((refId) => `Value #${refId}`)].map(
    (name) => `<th>${toHtml(rename(name))}</th>`,
  );
  const [sort] = panel.options?.sortBy ?? [];
  const sortBy = queries.find((refId) => rename(`Value #${refId}`) === sort?.displayName);
  const order = (row: readonly Field[]) => {
    const field = row.find(({ refId }) => refId === sortBy);
    return field ? last(field) * (sort?.desc ? -1 : 1) : Number.POSITIVE_INFINITY;
  };
  const body = [...rows.values()]
    .toSorted((a, b) => order(a) - order(b) || 0)
    .map((row) => {
      const names = labels.map((label) => `<td>${toHtml(row[0]!.labels[label] ?? '')}</td>`);
      const cells = queries.map((refId) => {
        const field = row.find((each) => each.refId === refId);
        return cell(panel, rename(`Value #${refId}`), field && last(field));
      });
      return `<tr>${[...names, ...cells].join('')}</tr>`;
    });
  return `<table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function cell(panel: PanelData['panel'], column: string, value: number | undefined): string {
  if (value === undefined) return '<td></td>';
  const { unit, decimals, steps, mappings, colored } = looksOf(panel, column);
  const mapped = mappings[String(value)];
  const color = mapped ? colorAt([{ value: null, color: mapped.color }], value) : colorAt(steps, value);
  const text = mapped?.text ?? formatValue(value, unit, decimals);
  return `<td${colored ? ` style="color:${color}"` : ''}>${toHtml(text)}</td>`;
}

function last({ values }: Field): number {
  return values.findLast((value) => value !== null) ?? Number.NaN;
}

export function toHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
