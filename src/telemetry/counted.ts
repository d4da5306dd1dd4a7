/**
 * How many, and of what: `1 report`, `2 entries of the log`.
 * @param many - in the plural. What is counted is its first word that has one.
 * @param one - said of a single one, where the plural of more than a word changes: `events wait`, `event waits`.
 */
export function counted(value: number, many: string, one = singular(many), shown = String(value)): string {
  return `${shown} ${value === 1 ? one : many}`;
}

function singular(many: string): string {
  return many.replace(/\b(\w+?)(ies|s)\b/, (_, stem, end) => (end === 'ies' ? `${stem}y` : stem));
}
