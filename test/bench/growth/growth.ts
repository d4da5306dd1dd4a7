import { type Benchmark, type Curve, median, mustEqual, type Row } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { Client } from '../http-client.ts';
import { besideParse, warmUp } from '../ingest/beside-parse.ts';

const SIZE = 1000;
/** How much more a report may cost at the end of a curve than at its beginning, for it to count as flat. */
const FLAT = 1.2;
/** Reports between two sources, so that none makes what another made. */
const APART = 20_000_000;

interface Scene {
  readonly bridge: BridgeProcess;
  readonly client: Client;
  /** CPU a report of so many bodies, as a multiple of `JSON.parse`. */
  cost(source: ReportSource, bodies: number, paths?: readonly string[]): Promise<number>;
}

/** Whether a report costs the same however many instances, tags and rules there are. */
export const growth: Benchmark = {
  name: 'growth',
  async run({ smoke, runs }) {
    const bodies = smoke ? 2 : 40;
    return [
      await overInstances(smoke ? [1, 2] : [1, 5, 10, 20, 35, 50], runs, bodies),
      await overTags(smoke ? [10, 20] : [10, 50, 100, 200, 350, 500], runs, bodies),
      await overRules(smoke ? [0, 4000] : [0, 0.25e6, 0.5e6, 1e6, 2e6, 3e6, 4e6], Math.min(runs, 3), bodies, smoke),
    ];
  },
};

async function overInstances(counts: readonly number[], runs: number, bodies: number): Promise<Row> {
  const names = Array.from({ length: counts.at(-1)! }, (_, i) => `couic-${i + 1}`);
  const source = new ReportSource();
  return staged(names, source, bodies, async ({ bridge, cost }) => {
    const paths = names.map((name) => bridge.pathOf(name));
    const points = await inTurns(counts, runs, (at) => cost(source, bodies, paths.slice(0, at)));
    mustEqual('couic_reports_total', await bridge.total('couic_reports_total'), source.made);
    return { over: 'instances', points };
  });
}

async function overTags(counts: readonly number[], runs: number, bodies: number): Promise<Row> {
  const sources = counts.map((tags, i) => new ReportSource(tags, (i + 1) * APART));
  const warm = new ReportSource(counts[0]);
  return staged([], warm, bodies, async ({ bridge, cost }) => {
    const points = await inTurns(counts, runs, (_, i) => cost(sources[i]!, bodies));
    const made = sources.reduce((sum, source) => sum + source.made, warm.made);
    mustEqual('couic_reports_total', await bridge.total('couic_reports_total'), made);
    return { over: 'tags', points };
  });
}

/** Points take turns, so that what changes with time meets all alike. */
async function inTurns(
  counts: readonly number[],
  runs: number,
  costAt: (at: number, i: number) => Promise<number>,
): Promise<Curve['points']> {
  const points = counts.map((at) => ({ at, runs: [] as number[] }));
  // The first round is for V8.
  for (let run = -1; run < runs; run++) {
    for (const [i, point] of points.entries()) {
      const value = await costAt(point.at, i);
      if (run >= 0) point.runs.push(value);
    }
  }
  return points;
}

async function overRules(counts: readonly number[], runs: number, bodies: number, smoke: boolean): Promise<Row> {
  const points = counts.map((at) => ({ at, runs: [] as number[] }));
  let curve: Row | undefined;
  for (let run = 0; run < runs; run++) {
    const source = new ReportSource();
    curve = await staged([], source, smoke ? 1 : 40, async ({ bridge, client, cost }) => {
      for (const point of points) {
        while (rulesOf(source) < point.at) await client.post(bridge.pathOf(), [source.body(4096)]);
        // The first point is what warming up left.
        if (run === 0) point.at = Math.round(rulesOf(source) / 1000) * 1000;
        point.runs.push(await cost(source, bodies));
      }
      mustEqual('couic_reports_total', await bridge.total('couic_reports_total'), source.made);
      return { over: 'rules', points };
    });
  }
  return curve!;
}

/** Of ten reports nine add a rule, and the tenth removes one of them. */
function rulesOf(source: ReportSource): number {
  return source.made * 0.8;
}

/** A bridge that is warm, for one curve. */
async function staged(
  instances: readonly string[],
  source: ReportSource,
  bodies: number,
  draw: (scene: Scene) => Promise<Curve>,
): Promise<Row> {
  const directory = BridgeProcess.newDirectory();
  const bridge = await BridgeProcess.start(directory, instances);
  const client = new Client(bridge.port);
  try {
    const first = bridge.pathOf(instances[0]);
    await warmUp(client, first, () => source.body(5), bodies * 250);
    const cost: Scene['cost'] = async (source, count, paths = [first]) => {
      let sent = 0;
      const post = async (next: readonly Buffer[]) => {
        for (const body of next) await client.post(paths[sent++ % paths.length]!, [body]);
      };
      const next = (n: number) => Array.from({ length: n }, () => source.body(SIZE));
      const { measured, reference } = await besideParse(bridge, post, next, count, SIZE);
      return measured / reference;
    };
    // For V8, as in `batches`.
    for (let round = 0; round < 2; round++) await cost(source, bodies);
    return rowOf(await draw({ bridge, client, cost }));
  } finally {
    await client.close();
    await bridge.stop();
    BridgeProcess.remove(directory);
  }
}

function rowOf(curve: Curve): Row {
  const [first, last] = [curve.points[0]!, curve.points.at(-1)!];
  const ratios = last.runs.map((value, run) => value / first.runs[run]!);
  const value = median(ratios);
  return {
    name: `a report with ${last.at.toLocaleString('en')} ${curve.over} over one with ${first.at.toLocaleString('en')}`,
    measured: `${median(last.runs).toFixed(2)} of JSON.parse`,
    reference: `${median(first.runs).toFixed(2)} of JSON.parse`,
    value,
    spread: [Math.min(...ratios), Math.max(...ratios)],
    target: `flat: <= ${FLAT}x`,
    met: value <= FLAT,
    curve,
  };
}
