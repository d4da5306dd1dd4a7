import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { median, mustEqual, type Row, ratioRow } from '../benchmark.ts';
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
const INSTANCES = Array.from({ length: 5 }, (_, index) => `couic-${index}`);

/**
 * From the start of the process to the first 200 of health_check: on file_storage, on JetStream with the copy of the snapshot on the bridge's own
 * disk, and without it.
 */
export const jetStreamRestart = onServers('jetstreamRestart', [3], restart);

interface Place {
  readonly directory: string;
  readonly source: ReportSource;
  start(): Promise<BridgeProcess>;
}

async function restart(servers: Servers, runs: number): Promise<Row[]> {
  const place = (start: (directory: string) => Promise<BridgeProcess>): Place => {
    const directory = BridgeProcess.newDirectory();
    return { directory, source: new ReportSource(), start: () => start(directory) };
  };
  const embedded = place((directory) => BridgeProcess.start(directory, INSTANCES));
  const replicated = place((directory) => servers.bridge(directory, INSTANCES));
  const starts = { embedded: [] as Start[], cached: [] as Start[], fetched: [] as Start[] };
  try {
    for (const each of [embedded, replicated]) await prepare(each);
    for (let run = 0; run < runs; run++) {
      starts.embedded.push(await startOf(embedded));
      starts.cached.push(await startOf(replicated));
      rmSync(join(replicated.directory, 'state', 'snapshot'));
      starts.fetched.push(await startOf(replicated));
    }
  } finally {
    for (const { directory } of [embedded, replicated]) BridgeProcess.remove(directory);
  }
  const row = (where: string, measured: readonly Start[], atMost: number): Row => {
    const pairs = measured.map(({ cpu }, run) => ({ measured: cpu, reference: starts.embedded[run]!.cpu }));
    const name = `ready again with ${RULES.toLocaleString('en')} rules, ${AFTER.toLocaleString('en')} reports behind, the snapshot ${where}`;
    const of = (list: readonly Start[]) => `${median(list.map(({ seconds }) => seconds)).toFixed(1)} s by the clock`;
    const found = ratioRow(name, 's CPU', pairs, `file_storage, ${of(starts.embedded)}`, atMost);
    return { ...found, measured: `${found.measured}, ${of(measured)}` };
  };
  return [
    row("on the bridge's disk", starts.cached, 1.25),
    row('from the object store of JetStream', starts.fetched, 1.75),
  ];
}

interface Start {
  /** Of CPU. */
  readonly cpu: number;
  /** By the clock. */
  readonly seconds: number;
}

/** Leaves a log with so many rules in its snapshot and so many reports after it, unclosed. */
async function prepare({ start, source }: Place): Promise<void> {
  for (const [rules, end] of [
    [RULES, 'SIGTERM'],
    [RULES + 0.8 * AFTER, 'SIGKILL'],
  ] as const) {
    const bridge = await start();
    const client = new Client(bridge.port);
    // Of ten reports nine add a rule, and the tenth removes one of them.
    for (let i = 0; source.made * 0.8 < rules; i++)
      await client.post(bridge.pathOf(INSTANCES[i % INSTANCES.length]), [source.body(SIZE)]);
    await client.close();
    await bridge.stop(end);
  }
}

async function startOf({ start, source }: Place): Promise<Start> {
  const since = performance.now();
  const bridge = await start();
  const seconds = (performance.now() - since) / 1000;
  try {
    const { cpu } = await bridge.read();
    mustEqual('rules', await bridge.total('couic_rule_active'), source.made * 0.8);
    return { cpu: cpu / 1e6, seconds };
  } finally {
    await bridge.stop('SIGKILL');
  }
}
