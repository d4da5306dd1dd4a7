import { type Benchmark, boundRow, ratioRow } from '../benchmark.ts';
import { runChild } from '../run-child.ts';

const child = new URL('./otlp-child.js', import.meta.url);

interface Measured {
  /** Microseconds a point. */
  readonly taking: number;
  readonly decoding: number;
  /** Milliseconds. */
  readonly longest: number;
  readonly bytes: number;
}

/** Pushes of 10,000 series over OTLP, from the bytes of a request to what is on disk, beside decoding the same bytes alone. */
export const otlp: Benchmark = {
  name: 'otlp',
  async run({ smoke, runs }) {
    const series = smoke ? 500 : 10_000;
    const all: Measured[] = [];
    for (let run = 0; run < runs; run++) all.push(await runChild<Measured>(child, series, smoke ? 1 : 10));
    const pairs = all.map(({ taking, decoding }) => ({ measured: taking, reference: decoding }));
    const longest = all.map((each) => each.longest);
    const bytes = all.map((each) => each.bytes);
    return [
      ratioRow('a push of 10,000 series', 'µs CPU a point', pairs, 'decoding alone', 2),
      boundRow('the longest turn of the event loop of such pushes', 'ms CPU', longest, 50),
      boundRow('memory of series', 'bytes a series', bytes, 500),
    ];
  },
};
