import { Pool } from 'undici';
import { median } from './benchmark.ts';

export interface Answer {
  accepted: number;
  replayed: number;
  quarantined: number;
}

/** Posts bodies over so many keep-alive connections, one after another on each. @returns each answer's time, ms. */
export async function postAll(
  port: number,
  path: string,
  bodies: readonly Buffer[],
  connections: number,
): Promise<{ answers: Answer[]; times: number[] }> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 });
  const answers: Answer[] = [];
  const times: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < bodies.length) {
      const body = bodies[next++]!;
      const start = performance.now();
      const response = await pool.request({
        method: 'POST',
        path,
        body,
        headers: { 'content-type': 'application/json' },
      });
      const text = await response.body.text();
      times.push(performance.now() - start);
      if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}: ${text}`);
      answers.push(JSON.parse(text) as Answer);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  await pool.close();
  return { answers, times };
}

export function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? median(times);
}

/** Microseconds of CPU that `JSON.parse` alone takes for the same bytes. */
export function parseTime(bodies: readonly Buffer[]): number {
  const start = process.cpuUsage();
  for (const body of bodies) JSON.parse(body.toString('utf8'));
  const used = process.cpuUsage(start);
  return used.user + used.system;
}
