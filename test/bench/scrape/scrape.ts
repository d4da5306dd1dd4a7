import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Benchmark, boundRow, mustEqual, type Row, ratioRow } from '../benchmark.ts';

const CHILD = fileURLToPath(new URL('./scrape-child.js', import.meta.url));

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

interface Usage {
  /** µs. */
  readonly cpu: number;
  /** ms. */
  readonly stall: number;
}

/** A scrape of the bridge's ledger beside one of prom-client with the same series: CPU of the server's process. */
export const scrape: Benchmark = {
  name: 'scrape',
  async run({ smoke, runs }) {
    const rows: Row[] = [];
    for (const series of smoke ? [200] : [2000, 10_000]) rows.push(...(await measure(series, runs, smoke ? 1 : 20)));
    return rows;
  },
};

async function measure(series: number, runs: number, scrapes: number): Promise<Row[]> {
  const bridge = await open('bridge', series);
  const reference = await open('prom-client', series);
  try {
    const pairs: { measured: number; reference: number }[] = [];
    const stalls: number[] = [];
    // The first run warms up.
    for (let run = -1; run < runs; run++) {
      const ours = await scraped(bridge, series, scrapes);
      const theirs = await scraped(reference, series, scrapes);
      if (run < 0) continue;
      pairs.push({ measured: ours.cpu / 1000 / scrapes, reference: theirs.cpu / 1000 / scrapes });
      stalls.push(ours.stall);
    }
    const name = `scrape of ${series.toLocaleString('en')} series`;
    return [ratioRow(name, 'ms CPU', pairs, 'prom-client', 1.5), boundRow(`${name}: longest stall`, 'ms', stalls, 50)];
  } finally {
    bridge.child.disconnect();
    reference.child.disconnect();
  }
}

async function open(kind: string, series: number): Promise<Server> {
  const child = fork(CHILD, [kind, String(series)], { execArgv: ['--expose-gc'] });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return { child, url };
}

async function scraped({ child, url }: Server, series: number, scrapes: number): Promise<Usage> {
  await usage(child);
  for (let scrape = 0; scrape < scrapes; scrape++) {
    const text = await (await fetch(url)).text();
    mustEqual(`series at ${url}`, text.match(/^couic_(reports_total|rule_active)\{/gm)?.length, series);
  }
  return usage(child);
}

async function usage(child: ChildProcess): Promise<Usage> {
  child.send('usage');
  const [answer] = (await once(child, 'message')) as [Usage];
  return answer;
}
