import { Pool } from 'undici';
import { median } from './benchmark.ts';

/** Posts bodies over so many connections that stay open, one after another on each. */
export class Client {
  readonly #pools: readonly Pool[];
  readonly #connections: number;
  readonly #countOf: (answer: string) => number;
  /** Reports that the answers said were accepted. */
  accepted = 0;
  /** Milliseconds of each answer. */
  times: number[] = [];

  /**
   * @param ports - of one server, or of several that share the connections.
   * @param countOf - what an answer says was accepted. @default as the bridge answers
   */
  constructor(ports: number | readonly number[], connections = 1, countOf = acceptedOf) {
    this.#countOf = countOf;
    this.#pools = [ports].flat().map((port) => new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 }));
    this.#connections = connections;
  }

  /** @param paths - one, or one for each connection. */
  async post(paths: string | readonly string[], bodies: readonly Buffer[]): Promise<void> {
    let next = 0;
    const worker = async (_: unknown, index: number) => {
      const path = typeof paths === 'string' ? paths : paths[index]!;
      const pool = this.#pools[index % this.#pools.length]!;
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
        this.times.push(performance.now() - start);
        if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}: ${text}`);
        this.accepted += this.#countOf(text);
      }
    };
    await Promise.all(Array.from({ length: this.#connections }).map(worker));
  }

  async close(): Promise<void> {
    for (const pool of this.#pools) await pool.close();
  }
}

function acceptedOf(answer: string): number {
  return (JSON.parse(answer) as { accepted: number }).accepted;
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
