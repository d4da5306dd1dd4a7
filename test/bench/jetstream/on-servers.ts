import { findNatsServer } from '../../cluster/tools/nats-binary.ts';
import type { Benchmark, Row } from '../benchmark.ts';
import { Servers } from './servers.ts';

/**
 * A benchmark of the log on NATS JetStream: real servers on this host, so that they and the bridge share its processors. It measures
 * nothing where there is no nats-server, and in a run that only looks whether the benchmarks count right.
 */
export function onServers(
  name: string,
  replicas: readonly (1 | 3)[],
  measure: (servers: Servers, runs: number) => Promise<Row[]>,
): Benchmark {
  return {
    name,
    async run({ smoke, runs }) {
      if (smoke) return [];
      const { path, missing } = await findNatsServer((line) => console.log(line));
      if (missing !== undefined) {
        console.log(`${name} is left out. ${missing}`);
        return [];
      }
      const rows: Row[] = [];
      for (const copies of replicas) {
        const servers = await Servers.start(path, copies);
        try {
          rows.push(...(await measure(servers, runs)));
        } finally {
          await servers.remove();
        }
      }
      return rows;
    },
  };
}
