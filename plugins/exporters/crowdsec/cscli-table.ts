/** `[origin][name][unit]`, an empty origin for items without one. */
export type BouncerCounts = Record<string, Record<string, Record<string, number>>>;

const PLURALS: Readonly<Record<string, string>> = { byte: 'bytes', packet: 'packets', ip: 'IPs' };
const ORIGINS: Readonly<Record<string, string>> = {
  CAPI: 'CAPI (community blocklist)',
  cscli: 'cscli (manual decisions)',
  crowdsec: 'crowdsec (security engine)',
};

interface Column {
  readonly name: string;
  readonly unit: string;
}

/**
 * The table of one bouncer, letter by letter as `cscli metrics show bouncers --no-unit` draws it, as long as no name is longer
 * than what stands below it. @param since - second of the oldest window.
 */
export function renderTable(bouncer: string, counts: BouncerCounts, since: number): string {
  const sums = totals(counts);
  const columns = sorted(sums).flatMap((name) => sorted(sums[name]!).map((unit): Column => ({ name, unit })));
  const names = ['Origin', ...columns.map(({ name }) => name.replace(/_gauge$/, ''))];
  const units = ['', ...columns.map(({ unit }) => PLURALS[unit] ?? unit)];
  const rows = sorted(counts)
    .filter((origin) => origin !== '')
    .map((origin) => [
      ORIGINS[origin] ?? origin,
      ...columns.map(({ name, unit }) => String(counts[origin]?.[name]?.[unit] ?? '-')),
    ]);
  const total = ['Total', ...columns.map(({ name, unit }) => String(sums[name]?.[unit] ?? 0))];
  // One name over several units is written once, over all of them.
  const groups = runsOf(names);
  const alone = names.map((name, at) => (groups.some(([from, to]) => from === at && to === at) ? name : ''));
  const widths = names.map((_, at) => Math.max(...[alone, units, ...rows, total].map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = (each: readonly number[]) => `+${each.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const merged = groups.map(([from, to]) => widths.slice(from, to + 1).reduce((sum, width) => sum + width + 3, -3));
  const figures = (row: readonly string[]) => row.slice(1).map((cell, at) => cell.padStart(widths[at + 1]!));
  const inner = widths.reduce((sum, width) => sum + width + 3, -3);
  const title = `Bouncer Metrics (${bouncer}) since ${new Date(since * 1000).toISOString().replace('T', ' ').slice(0, 19)} +0000 UTC`;
  return [
    rule([inner]),
    ...(title.match(new RegExp(`.{1,${inner}}`, 'g')) ?? []).map((part) => line([part.padEnd(inner)])),
    rule(merged),
    line(groups.map(([from], at) => (at === 0 ? names[0]!.padEnd(merged[0]!) : centred(names[from]!, merged[at]!)))),
    line(units.map((unit, at) => centred(unit, widths[at]!))),
    rule(widths),
    ...rows.map((row) => line([row[0]!.padEnd(widths[0]!), ...figures(row)])),
    ...(rows.length > 0 ? [rule(widths)] : []),
    line([total[0]!.padStart(widths[0]!), ...figures(total)]),
    rule(widths),
  ].join('\n');
}

/** The footer: rows of all origins and those without one, `[name][unit]`. */
function totals(counts: BouncerCounts): Record<string, Record<string, number>> {
  const sums: Record<string, Record<string, number>> = {};
  for (const names of Object.values(counts)) {
    for (const [name, units] of Object.entries(names)) {
      for (const [unit, value] of Object.entries(units)) {
        sums[name] ??= {};
        sums[name][unit] = (sums[name][unit] ?? 0) + value;
      }
    }
  }
  return sums;
}

function sorted(of: object): string[] {
  return Object.keys(of).sort();
}

/** Where equal names stand beside each other: first and last place. */
function runsOf(names: readonly string[]): [from: number, to: number][] {
  const runs: [number, number][] = [];
  for (const [at, name] of names.entries()) {
    if (at > 1 && names[at - 1] === name) runs.at(-1)![1] = at;
    else runs.push([at, at]);
  }
  return runs;
}

function centred(text: string, width: number): string {
  return text.padStart(text.length + Math.ceil((width - text.length) / 2)).padEnd(width);
}
