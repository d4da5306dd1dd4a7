/**
 * Metric names as the Collector's Prometheus exporters build them, so that one dashboard serves both ways in.
 * A port of github.com/prometheus/otlptranslator v1.0.0 for the two strategies that escape to underscores.
 */

export type TranslationStrategy = 'UnderscoreEscapingWithSuffixes' | 'UnderscoreEscapingWithoutSuffixes';

/** What a Prometheus name depends on. */
export interface NamedMetric {
  readonly name: string;
  /** UCUM: `s`, `By`, `{report}`. */
  readonly unit: string;
  readonly kind: 'counter' | 'gauge' | 'other';
}

/** @param namespace - put before every name; '' for none. A valid metric name itself. */
export function metricName(metric: NamedMetric, strategy: TranslationStrategy, namespace = ''): string {
  return strategy === 'UnderscoreEscapingWithSuffixes'
    ? nameWithSuffixes(metric, namespace)
    : nameWithoutSuffixes(metric.name, namespace);
}

function nameWithSuffixes({ name, unit, kind }: NamedMetric, namespace: string): string {
  let tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
  for (const suffix of unitSuffixes(unit)) {
    if (!tokens.includes(suffix)) tokens.push(suffix);
  }
  if (kind === 'counter') tokens = last(tokens, 'total');
  // A gauge only: units of 1 on counters of things are a common mistake, and a counted ratio is none.
  if (unit === '1' && kind === 'gauge') tokens = last(tokens, 'ratio');
  if (namespace !== '') tokens.unshift(namespace);
  return notDigitFirst(tokens.join('_'));
}

function nameWithoutSuffixes(name: string, namespace: string): string {
  const escaped = name
    .split(/[^a-zA-Z0-9:_]+/)
    .filter((token) => token !== '')
    .join('_');
  return namespace === '' ? notDigitFirst(escaped) : `${namespace}_${escaped}`;
}

function last(tokens: readonly string[], suffix: string): string[] {
  return [...tokens.filter((token) => token !== suffix), suffix];
}

function notDigitFirst(name: string): string {
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

/** `By/s` gives `bytes` and `per_second`; an annotation (`{report}`) and `1` give nothing. */
function unitSuffixes(unit: string): string[] {
  const slash = unit.indexOf('/');
  const main = (slash < 0 ? unit : unit.slice(0, slash)).trim();
  const per = slash < 0 ? '' : unit.slice(slash + 1).trim();
  return [
    annotated(main) ? '' : clean(UNITS[main] ?? main),
    per === '' || annotated(per) ? '' : `per_${clean(PER_UNITS[per] ?? per)}`.replace(/_$/, ''),
  ].filter((suffix) => suffix !== '' && suffix !== 'per');
}

function annotated(unit: string): boolean {
  return /[{}]/.test(unit);
}

function clean(unit: string): string {
  return unit
    .replace(/[^a-zA-Z0-9:]/g, '_')
    .replace(/_+/g, '_')
    .replace(/^_|_$/g, '');
}

const UNITS: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  TiBy: 'tibibytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '1': '',
  '%': 'percent',
};

const PER_UNITS: Readonly<Record<string, string>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};
