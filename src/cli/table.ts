/** Lines of cells under each other, for a person. */
export function table(rows: readonly (readonly string[])[], widths = widthsOf(rows)): string {
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}

/** @param least - of what stands above. */
export function widthsOf(rows: readonly (readonly string[])[], least: readonly number[] = []): number[] {
  return rows[0]!.map((_, column) => Math.max(least[column] ?? 0, ...rows.map((row) => row[column]!.length)));
}
