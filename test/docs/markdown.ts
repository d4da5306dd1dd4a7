/** Of a page that is not what its definitions make of it. */
export const STALE = 'stale: run npm run docs and commit what it writes';

/** A table as Biome formats it. @param rows - the first is the heading; cells are Markdown in one line. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = cells[0]!.map((_, column) => Math.max(3, ...cells.map((row) => widthOf(row[column]!))));
  const line = (row: readonly string[], fill: string) =>
    `| ${row.map((cell, column) => cell + fill.repeat(widths[column]! - widthOf(cell))).join(' | ')} |`;
  const [head, ...body] = cells;
  return [
    line(head!, ' '),
    line(
      widths.map(() => ''),
      '-',
    ),
    ...body.map((row) => line(row, ' ')),
  ].join('\n');
}

function widthOf(text: string): number {
  return [...text].length;
}

/**
 * The page with what stands between the two comments of a block replaced.
 * @throws Error that says what to write into the page when it has no such block.
 */
export function withBlock(page: string, path: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: written by npm run docs -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from)
    throw new Error(`${path} needs these two lines where its ${name} belong:\n${begin}\n${end}`);
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}
