import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Pool } from 'undici';
import { askProbe } from '../ask-probe.ts';
import { type Benchmark, boundRow, mustEqual, ratioRow } from '../benchmark.ts';
import type { ProbeReading } from '../probe.ts';

const TURNS = 10;
const CONNECTIONS = 32;

interface Opened {
  readonly child: ChildProcess;
  readonly pool: Pool;
  readonly milliseconds: number;
  readonly kilobytes: number;
}

/** A short answer of the one listener, with its router and its bounds, beside a bare `node:http` with a switch. */
export const listener: Benchmark = {
  name: 'listener',
  async run({ smoke, runs }) {
    const bare = await open('switch');
    const ours = await open('router');
    const requests = smoke ? 64 : 2000;
    try {
      for (const each of [bare, ours]) await cpuOf(each, smoke ? 64 : 10_000);
      const pairs = [];
      for (let run = 0; run < runs; run++) {
        let [measured, reference] = [0, 0];
        for (let turn = 0; turn < TURNS; turn++) {
          reference += await cpuOf(bare, requests);
          measured += await cpuOf(ours, requests);
        }
        pairs.push({ measured: measured / TURNS / requests, reference: reference / TURNS / requests });
      }
      return [
        ratioRow('a short answer, 32 connections', 'µs CPU a request', pairs, 'node:http with a switch', 2),
        boundRow('one listener more: time until it listens', 'ms', [ours.milliseconds], 10),
        boundRow('one listener more: heap', 'KiB', [ours.kilobytes], 512),
      ];
    } finally {
      for (const { child, pool } of [bare, ours]) {
        await pool.close();
        child.kill();
      }
    }
  },
};

async function open(kind: string): Promise<Opened> {
  const child = fork(new URL('./listener-child.js', import.meta.url), [kind], {
    execArgv: ['--expose-gc', '--import', new URL('../probe.js', import.meta.url).href],
  });
  const [{ port, milliseconds, kilobytes }] = (await once(child, 'message')) as [Opened & { port: number }];
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1 });
  return { child, pool, milliseconds, kilobytes };
}

/** @returns µs of the server's process. */
async function cpuOf({ child, pool }: Opened, requests: number): Promise<number> {
  await askProbe(child, 'mark');
  let answered = 0;
  const client = async () => {
    for (let i = 0; i < requests / CONNECTIONS; i++) {
      const { statusCode, body } = await pool.request({ method: 'GET', path: '/health' });
      await body.dump();
      if (statusCode === 200) answered++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  mustEqual('answers', answered, Math.ceil(requests / CONNECTIONS) * CONNECTIONS);
  return ((await askProbe(child, 'read')) as ProbeReading).cpu;
}
