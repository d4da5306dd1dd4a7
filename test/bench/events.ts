import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { type Benchmark, mustEqual, ratioRow } from './benchmark.ts';
import { ReportSource } from './bodies.ts';
import { BridgeProcess } from './bridge-process.ts';
import { Client } from './http-client.ts';
import { warmUp } from './ingest/beside-parse.ts';

const SIZE = 1000;
const TURNS = 20;

/** A bridge that is posted to, with its client. */
interface Running {
  readonly bridge: BridgeProcess;
  readonly client: Client;
  readonly directory: string;
}

async function start(
  sinks: (directory: string) => Readonly<Record<string, object>>,
  requests: number,
): Promise<Running> {
  const directory = BridgeProcess.newDirectory();
  const bridge = await BridgeProcess.start(directory, [], { sinks: sinks(directory) });
  const client = new Client(bridge.port);
  const source = new ReportSource(50, 1_000_000_000);
  await warmUp(client, bridge.pathOf(), () => source.body(5), requests);
  return { bridge, client, directory };
}

async function stop({ bridge, client, directory }: Running): Promise<void> {
  await client.close();
  await bridge.stop();
  BridgeProcess.remove(directory);
}

/** Milliseconds until so many bodies are taken. */
async function post({ client, bridge }: Running, bodies: readonly Buffer[]): Promise<number> {
  const since = performance.now();
  await client.post(bridge.pathOf(), bodies);
  return performance.now() - since;
}

async function cpuOf(running: Running, work: () => Promise<unknown>): Promise<number> {
  await running.bridge.mark();
  await work();
  return (await running.bridge.read()).cpu;
}

/** µs of CPU that `JSON.stringify` takes for the same documents. */
function stringifyTime(lines: readonly string[]): number {
  const documents = lines.map((line) => JSON.parse(line) as object);
  const start = process.cpuUsage();
  for (const document of documents) JSON.stringify(document);
  const used = process.cpuUsage(start);
  return used.user + used.system;
}

/** What events cost beside reports: read from the log, made, written to a file; and what ingestion costs while a sink is away. */
export const events: Benchmark = {
  name: 'events',
  async run({ smoke, runs }) {
    const count = (smoke ? 4 : 100) * SIZE;
    const requests = smoke ? 20 : 3000;
    const costs = [];
    const throughputs = [];
    const unreachable = { elasticsearch: { endpoint: `http://127.0.0.1:${await freePort()}` } };
    for (let run = 0; run < runs; run++) {
      const plain = await start(() => ({}), requests);
      const filed = await start((directory) => ({ file: { path: join(directory, 'events.json') } }), requests);
      const away = await start(() => unreachable, requests);
      try {
        const path = join(filed.directory, 'events.json');
        const lines = () => readFileSync(path, 'utf8').split('\n').slice(0, -1);
        const before = requests * 5;
        await written(path, before);
        let [withEvents, without, whileAway, beside, sent] = [0, 0, 0, 0, 0];
        const source = new ReportSource();
        while (sent < count) {
          const bodies = Array.from({ length: Math.ceil(count / SIZE / TURNS) }, () => source.body(SIZE));
          sent += bodies.length * SIZE;
          without += await cpuOf(plain, async () => {
            beside += await post(plain, bodies);
          });
          whileAway += await post(away, bodies);
          withEvents += await cpuOf(filed, async () => {
            await post(filed, bodies);
            await written(path, before + sent);
          });
        }
        const all = lines();
        mustEqual('events', new Set(all.map((line) => (JSON.parse(line) as { id: string }).id)).size, before + sent);
        const reference = stringifyTime(all.slice(before)) / sent;
        costs.push({ measured: (withEvents - without) / sent, reference });
        throughputs.push({ measured: (whileAway * 1000) / sent, reference: (beside * 1000) / sent });
      } finally {
        for (const each of [plain, filed, away]) await stop(each);
      }
    }
    return [
      ratioRow('events, from the log to a file', 'µs CPU an event', costs, 'JSON.stringify of the same documents', 3),
      ratioRow('ingestion while a sink is away', 'µs a report', throughputs, 'without a logs pipeline', 1 / 0.9),
    ];
  },
};

/** Waits until a file has so many lines; looks at its end only when it grew. */
async function written(path: string, lines: number): Promise<void> {
  for (let turn = 0; turn < 3000; turn++) {
    if (countLines(path) >= lines) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${path} does not get its ${lines} lines`);
}

function countLines(path: string): number {
  const bytes = readFileSync(path);
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
