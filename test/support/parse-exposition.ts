/** One family of the text format, as read back. */
export interface ParsedFamily {
  type: string;
  help: string;
  /** Value by series, the labels sorted: `name{a="1",b="2"}`. */
  samples: Map<string, number>;
}

/**
 * Reads the Prometheus text format, strictly: each family introduced once with HELP and TYPE, its samples together, and
 * no series twice.
 */
export function parseExposition(text: string): Map<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>();
  let current: ParsedFamily | undefined;
  let name = '';
  for (const line of text.split('\n')) {
    const help = /^# HELP (\S+) (.*)$/.exec(line);
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (help) {
      name = help[1]!;
      if (families.has(name)) throw new Error(`${name} is introduced twice`);
      current = { type: '', help: help[2]!, samples: new Map() };
      families.set(name, current);
    } else if (type && current && type[1] === name && current.type === '') {
      current.type = type[2]!;
    } else if (sample && current?.type) {
      if (!sample[1]!.startsWith(name)) throw new Error(`${line} is not of the family ${name}`);
      const series = `${sample[1]}{${sortLabels(sample[2] ?? '')}}`;
      if (current.samples.has(series)) throw new Error(`${series} is there twice`);
      current.samples.set(series, Number(sample[3]!.replace('Inf', 'Infinity')));
    } else if (line !== '' && line !== '# EOF') {
      throw new Error(`cannot be read: ${line}`);
    }
  }
  return families;
}

/** Values of one metric by the values of the given labels, joined by spaces; others are added up. */
export function sumByLabels(text: string, metric: string, labels: readonly string[]): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [series, value] of parseExposition(text).get(metric)?.samples ?? []) {
    const key = labels.map((label) => new RegExp(`[{,]${label}="([^"]*)"`).exec(series)?.[1]).join(' ');
    values[key] = (values[key] ?? 0) + value;
  }
  return values;
}

function sortLabels(labels: string): string {
  return [...labels.matchAll(/[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*"/g)]
    .map(([label]) => label)
    .sort()
    .join(',');
}
