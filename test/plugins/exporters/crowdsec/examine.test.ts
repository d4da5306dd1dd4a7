import { expect, it } from 'vitest';
import { schema } from '../../../../plugins/exporters/crowdsec/config.ts';
import { examineExporter } from '../../../../plugins/exporters/crowdsec/examine.ts';
import type { Outcome } from '../../../../plugins/exporters/crowdsec/lapi-answer.ts';
import type { LapiClient } from '../../../../plugins/exporters/crowdsec/lapi-client.ts';
import { eachHost, type Host } from './harness.ts';

const HALF_HOUR = 1_800_000;
const never = new AbortController().signal;

let host: Host;
eachHost((made) => {
  host = made;
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
    'ok | 1 window waits, the oldest for 1m; none was ever taken | ',
    expect.stringMatching(
      /^failure \| LAPI refused 1 window for good, the newest with 422 no \| "couic-otel-bridge windows list"/,
    ),
  ]);
  await host.pass(59 * 60_000);
  expect((await findings()).at(-2)).toMatch(/^ok \| 1 window waits, the oldest for 1h;/);
  await host.pass(60_000);
  expect((await findings()).at(-2)).toMatch(
    /^failure \| 1 window waits, the oldest for 1h1m.*they go once LAPI takes them/,
  );
});

/** What is said with a LAPI that answers so. @param passes - ms that go by while it does. */
async function examine(
  probe: Awaited<ReturnType<LapiClient['probe']>>,
  { used = '127.0.0.1', passes = 0, usage = { kind: 'success' } as Outcome, own = [] as string[], config = {} } = {},
) {
  const client = {
    endpoint: 'http://lapi:8080',
    localAddress: used,
    async probe() {
      host.time.advance(passes);
      return probe;
    },
    probeUsageMetrics: () => Promise.resolve(usage),
  } as unknown as LapiClient;
  const found = await examineExporter(
    {
      config: schema.parse({ api_key: 'k', endpoint: 'http://lapi:8080', ...config }),
      outbox: host.crowdsec.exporter.outbox,
      client,
      clock: host.time,
      addresses: (family) => (family === 'IPv4' ? ['192.0.2.1', ...own] : ['2001:db8::1', '2001:db8::2']),
    },
    never,
  );
  return found.map(({ level, message, advice }) => [level, message, advice].join(' | '));
}

const TAKEN = { outcome: { kind: 'success' } } as const;
const NONE_WAITS = 'ok | no window waits; none was ever taken | ';

it('compares the clocks as of the middle of the request, and rounds to seconds, as LAPI does', async () => {
  await host.start();
  const clocks = async (difference: number) => {
    const date = host.time.now() + 1000 + difference;
    return (await examine({ ...TAKEN, date }, { passes: 2000 }))[2];
  };
  for (const near of [0, 5000, -5000])
    expect(await clocks(near)).toBe('ok | the clocks of LAPI and this host agree | ');
  expect(await clocks(5001)).toMatch(
    /^warning \| the clock of this host is 5 s behind that of LAPI: .*\| let both hosts/,
  );
  expect(await clocks(-89_600)).toContain('the clock of this host is 90 s ahead of that of LAPI');
  expect(await examine(TAKEN)).toEqual([
    'ok | http://lapi:8080 takes the key | ',
    'ok | LAPI takes usage metrics | ',
    NONE_WAITS,
  ]);
});

it('says what does not work, and asks no further', async () => {
  await host.start();
  const refusal = { kind: 'failure', status: 403, message: 'no such key' } as const;
  expect(await examine({ outcome: refusal, date: 0 })).toEqual(['failure | no such key | ', NONE_WAITS]);
  const old = { kind: 'retryable', reason: 'status_404', message: 'too old' } as const;
  expect((await examine(TAKEN, { usage: old }))[1]).toBe('failure | too old | ');
});

it('of a dry run says that nothing is sent, and what waits from before', async () => {
  await host.start({ dry_run: true });
  expect(await findings()).toEqual([
    expect.stringMatching(/^warning \| dry run: windows are logged.*\| set dry_run: false and api_key;/),
    NONE_WAITS,
  ]);
});

it('warns of a second address only where LAPI could see one', async () => {
  await host.start();
  const warned = async (...[used, config = {}, own]: [used: string, config?: object, own?: string[]]) =>
    (await examine(TAKEN, { used, config, ...(own && { own }) })).filter((line) => line.startsWith('warning'));
  expect(await warned('192.0.2.1', {}, ['192.0.2.2'])).toEqual([
    'warning | LAPI knows this bouncer by the address 192.0.2.1, and this host has others (192.0.2.2): from another one LAPI makes a second bouncer NAME@ADDRESS, and numbers split | set local_address: 192.0.2.1',
  ]);
  expect(await warned('192.0.2.1', {}, ['a', 'b', 'c', 'd'])).toEqual([
    expect.stringContaining('has others (a, b, c):'),
  ]);
  expect(await warned('2001:db8::2')).toEqual([expect.stringContaining('has others (2001:db8::1):')]);
  expect(await warned('192.0.2.1')).toEqual([]);
  expect(await warned('192.0.2.1', { local_address: '192.0.2.1' }, ['192.0.2.2'])).toEqual([]);
  expect(await warned('127.0.0.1', {}, ['192.0.2.2'])).toEqual([]);
});
