/**
 * A bucket's bound as Go writes it (`strconv.FormatFloat(f, 'g', -1, 64)`): `0.5`, `86400`, `2.592e+06`. The text of
 * `le` is part of a series' identity, so it has to be the Collector's to the letter.
 */
export function formatBound(bound: number): string {
  if (!Number.isFinite(bound)) return bound === -Infinity ? '-Inf' : '+Inf';
  const [digits, exponent] = bound.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(bound);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** The same for OpenMetrics, in which a bound always shows that it is a float: `86400.0`. */
export function formatOpenMetricsBound(bound: number): string {
  const text = formatBound(bound);
  return /[.eI]/.test(text) ? text : `${text}.0`;
}
