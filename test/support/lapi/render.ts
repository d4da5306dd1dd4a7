import { type BouncerCounts, totals } from './table.ts';

const PLURALS: Readonly<Record<string, string>> = { byte: 'bytes', packet: 'packets', ip: 'IPs' };
const ORIGINS: Readonly<Record<string, string>> = {
  CAPI: 'CAPI (community blocklist)',
  cscli: 'cscli (manual decisions)',
  crowdsec: 'crowdsec (security engine)',
};

/** The table of one bouncer as `cscli metrics show bouncers` draws it, without its abbreviations of large numbers. */
export function renderTable(bouncer: string, counts: BouncerCounts): string {
  const sums = totals(counts);
  const columns = Object.keys(sums)
    .sort()
    .flatMap((name) =>
      Object.keys(sums[name]!)
        .sort()
        .map((unit) => ({ name, unit })),
    );
  const rows = [
    ['Origin', ...columns.map(({ name }) => name.replace(/_gauge$/, ''))],
    ['', ...columns.map(({ unit }) => PLURALS[unit] ?? unit)],
    ...Object.keys(counts)
      .filter((origin) => origin !== '')
      .sort()
      .map((origin) => [
        ORIGINS[origin] ?? origin,
        ...columns.map(({ name, unit }) => String(counts[origin]?.[name]?.[unit] ?? '-')),
      ]),
    ['Total', ...columns.map(({ name, unit }) => String(sums[name]?.[unit] ?? 0))],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  const [name, unit, ...rest] = rows as [string[], string[], ...string[][]];
  const body = rest.slice(0, -1).map(line);
  return [
    `Bouncer Metrics (${bouncer})`,
    rule,
    line(name),
    line(unit),
    rule,
    ...body,
    ...(body.length > 0 ? [rule] : []),
    line(rest.at(-1)!),
    rule,
  ].join('\n');
}
