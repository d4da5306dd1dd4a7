import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

/** One series of an instant query. */
export interface QueryResult {
  readonly metric: Record<string, string>;
  readonly value: readonly [time: number, value: string];
}

/** One series of a range query. */
export interface RangeResult {
  readonly metric: Record<string, string>;
  readonly values: readonly (readonly [time: number, value: string])[];
}

/** Unix times and a step, in seconds. */
export interface QueryRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

export interface PrometheusServer {
  readonly url: string;
  /** An instant query, now or at a Unix time in seconds. */
  query(expression: string, time?: number): Promise<QueryResult[]>;
  queryRange(expression: string, range: QueryRange): Promise<RangeResult[]>;
  /** Lines of its log at warn and above. */
  warnings(): string[];
  stop(): Promise<void>;
}

/**
 * Starts a real Prometheus on a free port, with an empty database.
 * @param targets - `host:port` by job; each is scraped every second.
 * @param args - further options, such as `--web.enable-remote-write-receiver`.
 * @param fill - puts blocks into the data directory before it starts.
 */
export async function startPrometheus(
  path: string,
  targets: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  fill?: (data: string) => Promise<void>,
): Promise<PrometheusServer> {
  const directory = await mkdtemp(join(tmpdir(), 'prometheus-'));
  const scrapes = Object.entries(targets).map(([job, target]) => ({
    job_name: job,
    static_configs: [{ targets: [target] }],
  }));
  const config = { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: scrapes };
  await writeFile(join(directory, 'prometheus.yml'), JSON.stringify(config));
  await fill?.(join(directory, 'data'));
  const port = await freePort();
  const options = [
    `--config.file=${join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.format=json',
  ];
  const child = spawn(path, [...options, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const url = `http://127.0.0.1:${port}`;
  await ready(`${url}/-/ready`, child, () => log);
  return {
    url,
    query: (expression, time) =>
      ask<QueryResult>(url, 'query', { query: expression, ...(time !== undefined && { time: String(time) }) }),
    queryRange: (expression, { from, to, step }) =>
      ask<RangeResult>(url, 'query_range', { query: expression, start: `${from}`, end: `${to}`, step: `${step}` }),
    warnings: () => log.split('\n').filter((line) => /"level":"(warn|error)"/.test(line)),
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function ask<Result>(url: string, path: string, parameters: Record<string, string>): Promise<Result[]> {
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) });
  const answer = (await response.json()) as { status: string; error?: string; data: { result: Result[] } };
  if (answer.status !== 'success') throw new Error(`${parameters.query}: ${answer.error}`);
  return answer.data.result;
}

async function ready(url: string, child: ChildProcess, log: () => string): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${log()}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`not ready after 30 s: ${log()}`);
}
