/** One row of the table: what was measured, beside its reference of the same run. */
export interface Row {
  readonly name: string;
  /** What was measured, in words with unit: `0.91 µs CPU a report`. */
  readonly measured: string;
  /** The reference of the same run; empty where the target is absolute. */
  readonly reference: string;
  /** Measured over reference, or the absolute figure that the target bounds. */
  readonly value: number;
  /** Smallest and largest value of the runs; the value itself is their median. */
  readonly spread: readonly [number, number];
  readonly target: string;
  readonly met: boolean;
  /** How the value came about, for the picture. */
  readonly curve?: Curve;
}

/** Cost a report, as a multiple of `JSON.parse`, over something that grows. */
export interface Curve {
  readonly over: string;
  readonly points: readonly { readonly at: number; readonly runs: readonly number[] }[];
}

export interface Benchmark {
  /** For `--only`. */
  readonly name: string;
  run(scale: Scale): Promise<Row[]>;
}

/** How much a run measures: `full` for figures, `smoke` for the tests, which only look whether it counts right. */
export interface Scale {
  readonly smoke: boolean;
  /** Repetitions of each measurement. */
  readonly runs: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A row whose value is the median of ratios, each of two figures measured one right after the other. */
export function ratioRow(
  name: string,
  unit: string,
  pairs: readonly { measured: number; reference: number }[],
  referenceName: string,
  atMost: number,
): Row {
  const ratios = pairs.map(({ measured, reference }) => measured / reference);
  const value = median(ratios);
  return {
    name,
    measured: `${median(pairs.map(({ measured }) => measured)).toFixed(2)} ${unit}`,
    reference: `${referenceName}: ${median(pairs.map(({ reference }) => reference)).toFixed(2)} ${unit}`,
    value,
    spread: [Math.min(...ratios), Math.max(...ratios)],
    target: `<= ${atMost}x`,
    met: value <= atMost,
  };
}

/** A row whose target bounds the figure itself. */
export function boundRow(name: string, unit: string, values: readonly number[], atMost: number): Row {
  const value = median(values);
  return {
    name,
    measured: `${value.toFixed(1)} ${unit}`,
    reference: '',
    value,
    spread: [Math.min(...values), Math.max(...values)],
    target: `<= ${atMost} ${unit}`,
    met: value <= atMost,
  };
}

/** A benchmark that counted wrong has measured nothing. */
export function mustEqual(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, but ${String(expected)} was sent`);
}
