import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { boundRow, mustEqual, type Row } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { Client } from '../http-client.ts';
import { onServers } from './on-servers.ts';
import type { Servers } from './servers.ts';

const RULES = 1_000_000;
const AFTER = 100_000;
/** Reports of a body: a multiple of ten, so that what adds a rule and what removes it are of one Couic. */
const SIZE = 4000;
/** Each holds 262,144 rules. */
const COUICS = 5;

/** From the start of the process to the first 200 of health_check: with the copy of the snapshot on the bridge's own disk, and without. */
export const jetStreamRestart = onServers('jetstreamRestart', [3], restart);

async function restart(servers: Servers, runs: number): Promise<Row[]> {
  const directory = BridgeProcess.newDirectory();
  const instances = Array.from({ length: COUICS }, (_, index) => `couic-${index}`);
  const source = new ReportSource();
  const fill = async (bridge: BridgeProcess, rules: number) => {
    const client = new Client(bridge.port);
    const paths = bridge.pathsOf(instances);
    // Of ten reports nine add a rule, and the tenth removes one of them.
    for (let i = 0; source.made * 0.8 < rules; i++) await client.post(paths[i % COUICS]!, [source.body(SIZE)]);
    await client.close();
  };
  const times = { cached: [] as number[], fetched: [] as number[] };
  try {
    let bridge = await servers.bridge(directory, instances);
    await fill(bridge, RULES);
    // With a snapshot.
    await bridge.stop();
    bridge = await servers.bridge(directory, instances);
    await fill(bridge, RULES + 0.8 * AFTER);
    await bridge.stop('SIGKILL');
    for (let run = 0; run < runs; run++)
      for (const kind of ['cached', 'fetched'] as const) {
        if (kind === 'fetched') rmSync(join(directory, 'state', 'snapshot'));
        const start = performance.now();
        bridge = await servers.bridge(directory, instances);
        times[kind].push((performance.now() - start) / 1000);
        mustEqual('rules', await bridge.total('couic_rule_active'), source.made * 0.8);
        await bridge.stop('SIGKILL');
      }
  } finally {
    BridgeProcess.remove(directory);
  }
  const what = `with ${RULES.toLocaleString('en')} rules on JetStream, ${AFTER.toLocaleString('en')} reports behind`;
  return [
    boundRow(`ready again ${what}, the snapshot on the bridge's disk`, 's', times.cached, 2),
    boundRow(`ready again ${what}, the snapshot from the object store`, 's', times.fetched, 3),
  ];
}
