import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { counted } from '../../../src/telemetry/counted.ts';
import { readNumber, readOptions } from '../read-options.ts';
import { CouicApiServer, type Group } from './api-server.ts';
import { SimulatedCouic } from './couic.ts';
import { Progress } from './progress.ts';
import { below, pick, type Random, randomCidr, seededRandom } from './random.ts';
import { Workload } from './workload.ts';

const USAGE = `Stands in for a Couic firewall: adds and removes rules, and reports them to a webhook as Couic does, with its
batches, its 2 s timeout and its retries that grow.

  npm run couic-sim -- [options]

  --webhook URL     where to report; once for each Couic (default http://127.0.0.1:8000/v1/reports)
  --rate N          changes of rules a second, of each Couic (default 10)
  --count N         stop after N reports of each Couic, once all are acknowledged (default: go on until Ctrl-C)
  --tags A,B        tags to choose from; an empty one is none (default scanner,malicious,fail2ban-sshd,)
  --expiry SECONDS  lifetime of a rule, 0 = for ever (default 60)
  --removes SHARE   share of changes that remove a rule (default 0.2)
  --ignores SHARE   share of rules that are ignore rules (default 0.1)
  --peers SHARE     share of changes that a peer brings, of which no report tells (default 0)
  --set NAME        a set file with 50 networks; any number of them, of which no report tells either
  --api SOCKET      also answer as the API of Couic on this Unix socket, with traffic; once for each webhook
  --ca FILE         authority for an https webhook
  --link BYTES      speed of the link, in bytes a second (default: as fast as it goes)
  --seed N          the same changes again (default: others each time)
`;

const { values } = readOptions(
  {
    options: {
      webhook: { type: 'string', multiple: true, default: ['http://127.0.0.1:8000/v1/reports'] },
      rate: { type: 'string', default: '10' },
      count: { type: 'string', default: '0' },
      tags: { type: 'string', default: 'scanner,malicious,fail2ban-sshd,' },
      expiry: { type: 'string', default: '60' },
      removes: { type: 'string', default: '0.2' },
      ignores: { type: 'string', default: '0.1' },
      peers: { type: 'string', default: '0' },
      set: { type: 'string', multiple: true, default: [] },
      api: { type: 'string', multiple: true, default: [] },
      ca: { type: 'string' },
      link: { type: 'string' },
      seed: { type: 'string', default: String(Date.now()) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  USAGE,
);

const amount = (name: 'rate' | 'count' | 'expiry' | 'seed' | 'link', most = Number.POSITIVE_INFINITY) =>
  readNumber(name, values[name] ?? '', [0, most], USAGE);
const share = (name: 'removes' | 'ignores' | 'peers') => readNumber(name, values[name], [0, 1], USAGE);
const given = {
  rate: amount('rate'),
  count: amount('count'),
  seed: amount('seed', Number.MAX_SAFE_INTEGER),
  lifetime: amount('expiry'),
  removeShare: share('removes'),
  ignoreShare: share('ignores'),
  peerShare: share('peers'),
  ...(values.link !== undefined && { bytesPerSecond: amount('link') }),
};

/** As "couicctl clients add" would make them. */
const CLIENTS: Readonly<Record<string, Group>> = {
  'd6ac883a-8050-4408-bf1e-5b07e9965191': 'monitoring',
  '01115f88-fd3d-4fbd-b205-44c90e81dae5': 'clientro',
};

let progress: Progress | undefined;

if (values.help) process.stdout.write(USAGE);
else await simulate();

type Counts = ReturnType<ConstructorParameters<typeof Progress>[0]['counts']>;

function added(a: Counts, b: Counts): Counts {
  return Object.fromEntries(Object.entries(a).map(([key, value]) => [key, value + b[key as keyof Counts]])) as never;
}

async function simulate(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const couics = values.webhook.map((webhook, index) => simulateOne(webhook, given.seed + index));
  const apis = await Promise.all(
    couics.slice(0, values.api.length).map(({ couic }, index) => serve(couic, values.api[index]!)),
  );
  progress = new Progress({
    isTerminal: process.stdout.isTTY === true,
    write: (text) => void process.stdout.write(text),
    counts: () => couics.map(({ couic }) => ({ ...couic.counts, waiting: couic.waiting })).reduce(added),
  });
  progress.start();
  await Promise.all(couics.map(({ run }) => run(stop.signal)));
  for (const { couic } of couics) await couic.stop();
  for (const api of apis) await api.stop();
  progress.stop();
  const sum = (of: (couic: SimulatedCouic) => number) => couics.reduce((total, { couic }) => total + of(couic), 0);
  console.log(
    `${sum(({ counts }) => counts.offered)} reports: ${sum(({ counts }) => counts.acknowledged)} acknowledged, ` +
      `${sum(({ counts }) => counts.dropped)} dropped by a full channel, ${sum(({ waiting }) => waiting)} not sent; ` +
      `${sum(({ counts }) => counts.attempts)} requests, ${sum(({ counts }) => counts.failures)} of them failed`,
  );
  process.exitCode = sum(({ waiting, counts }) => waiting + counts.dropped) === 0 ? 0 : 1;
}

function simulateOne(webhook: string, seed: number) {
  let shown = '';
  const couic = new SimulatedCouic({
    webhook,
    ...('bytesPerSecond' in given && { bytesPerSecond: given.bytesPerSecond }),
    ...(values.ca !== undefined && { tls: { ca: readFileSync(values.ca) } }),
    onAttempt(reports, outcome) {
      const text = 'status' in outcome ? `${outcome.status} ${outcome.text}` : outcome.error;
      const failed = !('status' in outcome) || outcome.status >= 300;
      if (failed && text !== shown) progress?.endLine();
      if (failed && text !== shown) console.log(`${counted(reports, 'reports were', 'report was')} not taken: ${text}`);
      shown = failed ? text : '';
    },
  });
  const random = seededRandom(seed);
  for (const name of values.set) {
    couic.firewall.loadSet(
      name,
      'drop',
      Array.from({ length: 50 }, () => randomCidr(random)),
    );
  }
  const workload = new Workload(couic.firewall, {
    random,
    tags: values.tags.split(',').map((tag) => tag || null),
    lifetime: given.lifetime,
    removeShare: given.removeShare,
    ignoreShare: given.ignoreShare,
    peerShare: given.peerShare,
  });
  return { couic, run: (signal: AbortSignal) => run(couic, workload, random, signal) };
}

async function serve(couic: SimulatedCouic, socketPath: string): Promise<CouicApiServer> {
  const api = new CouicApiServer({ firewall: () => couic.firewall, clients: CLIENTS, listen: { socketPath } });
  const endpoint = await api.start();
  console.log(`API of Couic on ${endpoint}; for the bridge's couic_api receiver:\n    endpoint: ${endpoint}`);
  for (const [token, group] of Object.entries(CLIENTS)) console.log(`    token: ${token} # ${group}`);
  return api;
}

/** Some packets, of rules and of others. */
function flow({ firewall }: SimulatedCouic, random: Random): void {
  firewall.traffic.pass(below(random, 100), below(random, 100_000));
  for (const policy of ['drop', 'ignore'] as const) {
    const rules = firewall.entries(policy);
    const packets = below(random, 20);
    if (rules.length > 0) firewall.hit(policy, pick(random, rules).cidr, packets, packets * (40 + below(random, 1400)));
  }
}

/** Changes rules at the rate that was asked for, until as many reports were made as were asked for. */
async function run(couic: SimulatedCouic, workload: Workload, random: Random, signal: AbortSignal): Promise<void> {
  const { rate } = given;
  const count = given.count || Number.POSITIVE_INFINITY;
  const started = performance.now();
  couic.start();
  for (let steps = 0; couic.counts.offered < count && !signal.aborted; ) {
    const due = ((performance.now() - started) / 1000) * rate;
    for (; steps < due && couic.counts.offered < count; steps++) workload.step();
    couic.firewall.expire();
    if (values.api.length > 0) flow(couic, random);
    await delay(Math.min(1000 / rate, 50), undefined, { signal }).catch(() => {});
  }
  while (couic.waiting > 0 && !signal.aborted) await delay(20, undefined, { signal }).catch(() => {});
}
