/* One command for the whole way: a Couic that changes rules, the bridge as it is built, a LAPI that shows its table. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SimulatedCouic } from './couic-sim/couic.ts';
import { seededRandom } from './couic-sim/random.ts';
import { Workload } from './couic-sim/workload.ts';
import { LapiServer } from './lapi/server.ts';

const main = fileURLToPath(new URL('../../../dist/src/main.js', import.meta.url));
const INTERVAL = 10;

const directory = mkdtempSync(join(tmpdir(), 'couic-demo-'));
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

const lapi = await new LapiServer({
  keys: { 'demo-key': 'couic-otel-bridge' },
  onPush({ bouncer }) {
    console.log(`\nWhat "cscli metrics show bouncers" would show now:\n${lapi.table(bouncer)}`);
  },
}).start();

writeFileSync(
  join(directory, 'config.json'),
  JSON.stringify({
    receivers: { couic: { endpoint: '127.0.0.1:0', log_reports: 'summary' } },
    exporters: {
      prometheus: { endpoint: '127.0.0.1:0' },
      crowdsec: { endpoint: lapi.url, api_key: 'demo-key', interval: `${INTERVAL}s` },
    },
    extensions: { file_storage: { directory: join(directory, 'state') } },
    service: {
      extensions: ['file_storage'],
      pipelines: { metrics: { receivers: ['couic'], exporters: ['prometheus', 'crowdsec'] } },
    },
  }),
);
console.log(
  `A Couic, the bridge and a LAPI, all on this machine. CrowdSec gets a window every ${INTERVAL} s; Ctrl-C ends it.\n`,
);
// In a group of its own: Ctrl-C is for this process, which ends the others in order.
const bridge = spawn(process.execPath, [main, '--config', join(directory, 'config.json')], {
  stdio: ['ignore', 'pipe', 'inherit'],
  detached: true,
});
const ended = once(bridge, 'exit');
void ended.then(() => stop.abort());
let output = '';
bridge.stdout.setEncoding('utf8');
bridge.stdout.on('data', (text: string) => {
  output += text;
  process.stdout.write(text);
});
while (!output.includes('Ready: reports are accepted') && !stop.signal.aborted) await delay(50);

const webhook = /Listening for reports on (http\S+)/.exec(output)?.[1];
const couic = webhook === undefined ? undefined : new SimulatedCouic({ webhook });
if (couic) {
  const tags = ['scanner', 'malicious', 'fail2ban-sshd', null];
  const workload = new Workload(couic.firewall, { random: seededRandom(Date.now()), tags, lifetime: 60 });
  couic.start();
  while (!stop.signal.aborted) {
    workload.step();
    couic.firewall.expire();
    await delay(100, undefined, { signal: stop.signal }).catch(() => {});
  }
  await couic.stop();
}
bridge.kill('SIGTERM');
const [code] = (await ended) as [number | null];
await lapi.stop();
rmSync(directory, { recursive: true, force: true });
process.exitCode = code ?? 1;
