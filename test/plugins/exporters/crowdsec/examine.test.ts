import { afterEach, beforeEach, expect, it } from 'vitest';
import { schema } from '../../../../plugins/exporters/crowdsec/config.ts';
import { examineExporter } from '../../../../plugins/exporters/crowdsec/examine.ts';
import type { LapiClient } from '../../../../plugins/exporters/crowdsec/lapi-client.ts';
import { Host } from './harness.ts';

const HALF_HOUR = 1_800_000;
const never = new AbortController().signal;

let host: Host;
beforeEach(async () => {
  host = new Host();
  await host.lapi.start();
});
afterEach(async () => {
  await host.stop();
  await host.close();
});

const findings = async () =>
  (await host.crowdsec.examine(never)).map(({ level, message, advice }) => [level, message, advice].join(' | '));

it('says how long windows wait, and which were refused', async () => {
  await host.start({ heartbeat: false });
  host.lapi.faults.push({ kind: 'status', status: 422, body: '{"message":"no"}' });
  await host.report({ policy: 'ignore' });
  await host.pass(HALF_HOUR);
  for (let i = 0; i < 300; i++) host.lapi.faults.push({ kind: 'status', status: 503 });
  await host.report({ policy: 'ignore', cidr: '10.0.0.1/32' });
  await host.pass(HALF_HOUR + 60_000);
  expect((await findings()).slice(3)).toEqual([
    'warning | the heartbeat is off: "cscli bouncers prune" deletes this bouncer, and its key with it | set heartbeat: true',
    'ok | 1 windows wait, the oldest for 1m; none was ever taken | ',
    expect.stringMatching(
      /^failure \| LAPI refused 1 windows for good, the newest with 422 no \| "couic-otel-bridge windows list"/,
    ),
  ]);
  await host.pass(60 * 60_000);
  expect((await findings()).at(-2)).toMatch(
    /^failure \| 1 windows wait, the oldest for 1h1m.*they are sent as soon as LAPI takes them/,
  );
});

it('warns of a second address only where LAPI could see one', async () => {
  await host.start();
  const client = (localAddress: string) =>
    ({
      endpoint: 'http://lapi:8080',
      localAddress,
      probe: () => Promise.resolve({ outcome: { kind: 'success' } }),
      probeUsageMetrics: () => Promise.resolve({ kind: 'success' }),
    }) as unknown as LapiClient;
  const examine = async (used: string, local_address?: string) => {
    const config = schema.parse({
      api_key: 'k',
      endpoint: 'http://lapi:8080',
      ...(local_address && { local_address }),
    });
    const { outbox } = host.crowdsec.exporter;
    const addresses = () => ['192.0.2.1', '192.0.2.2'];
    const found = await examineExporter({ config, outbox, client: client(used), clock: host.time, addresses }, never);
    return found.filter(({ level }) => level === 'warning').map(({ message, advice }) => `${message} → ${advice}`);
  };
  expect(await examine('192.0.2.1')).toEqual([
    'LAPI knows this bouncer by the address 192.0.2.1, and this host has others (192.0.2.2): from another one LAPI makes a second bouncer NAME@ADDRESS, and numbers split → set local_address: 192.0.2.1',
  ]);
  expect(await examine('192.0.2.1', '192.0.2.1')).toEqual([]);
  expect(await examine('127.0.0.1')).toEqual([]);
});
