/**
 * What a scrape costs, against prom-client with the same series in the same run: CPU time of the server's process, median
 * over rounds. `node dist-test/test/bench/scrape.js [--json FILE] [--rounds N]`. The number of series of each answer is checked.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const KINDS = ['bridge', 'prom-client', 'official'] as const;
type Kind = (typeof KINDS)[number];

interface Sample {
  /** Milliseconds of CPU a scrape. */
  cpu: number;
  /** Longest time in ms the event loop did nothing else. */
  stall: number;
}

export interface ScrapeResult {
  series: number;
  /** Median CPU in ms a scrape, lowest and highest round, and the longest stall in ms of all rounds. */
  servers: Record<Kind, { cpu: number; lowest: number; highest: number; stall: number }>;
  /** CPU of the bridge over that of prom-client. */
  ratio: number;
}

/** @param scrapes - in each round, of each server; the rounds of the servers take turns. */
export async function benchScrape(series: number, rounds: number, scrapes: number): Promise<ScrapeResult> {
  const servers = await Promise.all(
    KINDS.map(async (kind) => ({ kind, samples: [] as Sample[], ...(await open(kind, series)) })),
  );
  try {
    for (let round = -1; round < rounds; round++) {
      for (const { child, url, samples } of servers) {
        await usage(child);
        for (let scrape = 0; scrape < scrapes; scrape++) await check(url, series);
        const { cpu, stall } = await usage(child);
        // The first round warms up.
        if (round >= 0) samples.push({ cpu: cpu / 1000 / scrapes, stall });
      }
    }
  } finally {
    for (const { child } of servers) child.disconnect();
  }
  const result = Object.fromEntries(
    servers.map(({ kind, samples }) => [kind, summary(samples)]),
  ) as ScrapeResult['servers'];
  return { series, servers: result, ratio: result.bridge.cpu / result['prom-client'].cpu };
}

async function open(kind: Kind, series: number): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(fileURLToPath(new URL('./scrape-server.js', import.meta.url)), [kind, String(series)]);
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return { child, url };
}

async function usage(child: ChildProcess): Promise<Sample> {
  child.send('usage');
  const [sample] = (await once(child, 'message')) as [Sample];
  return sample;
}

async function check(url: string, series: number): Promise<void> {
  const text = await (await fetch(url)).text();
  const found = text.match(/^couic_reports_total\{/gm)?.length;
  if (found !== series) throw new Error(`${url} showed ${found} series instead of ${series}`);
}

function summary(samples: readonly Sample[]) {
  const cpu = samples.map((sample) => sample.cpu).sort((a, b) => a - b);
  return {
    cpu: cpu[Math.floor(cpu.length / 2)]!,
    lowest: cpu[0]!,
    highest: cpu.at(-1)!,
    stall: Math.max(...samples.map((sample) => sample.stall)),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { json: { type: 'string' }, rounds: { type: 'string', default: '5' } } });
  const results: ScrapeResult[] = [];
  for (const series of [2000, 10_000]) {
    const result = await benchScrape(series, Number(values.rounds), 20);
    results.push(result);
    console.log(`${series} series: ${result.ratio.toFixed(2)} times prom-client`);
    for (const kind of KINDS) {
      const { cpu, lowest, highest, stall } = result.servers[kind];
      console.log(
        `  ${kind.padEnd(12)} ${cpu.toFixed(1)} ms of CPU a scrape (${lowest.toFixed(1)} to ${highest.toFixed(1)}), longest stall ${stall.toFixed(0)} ms`,
      );
    }
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ scrape: results }, undefined, 2)}\n`);
}
