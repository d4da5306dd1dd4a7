import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { configSchema } from '../../../../plugins/receivers/couic_api/config.ts';
import { couicApiReceiver } from '../../../../plugins/receivers/couic_api/factory.ts';
import { CouicApiReceiver } from '../../../../plugins/receivers/couic_api/receiver.ts';
import { systemSleep } from '../../../../src/clock.ts';
import { makeAuthority } from '../../../support/certificates.ts';
import { type ApiFault, CouicApiServer, type Group } from '../../../support/couic-sim/api-server.ts';
import { SimulatedFirewall } from '../../../support/couic-sim/firewall.ts';
import { deferred } from '../../../support/deferred.ts';
import { collect, ManualClock, startedLedger } from '../../../support/ledger.ts';
import { receiverContext } from '../../../support/receiver-context.ts';

const MONITORING = 'd6ac883a-8050-4408-bf1e-5b07e9965191';
const CLIENTRO = '01115f88-fd3d-4fbd-b205-44c90e81dae5';
const CLIENTS: Record<string, Group> = { [MONITORING]: 'monitoring', [CLIENTRO]: 'clientro' };
const FAST = { collection_interval: 10, timeout: 400 };

let directory: string;
let socketPath: string;
let firewall: SimulatedFirewall;
let api: CouicApiServer;
let endpoint: string;
let ledger: Awaited<ReturnType<typeof startedLedger>>['ledger'];
const clock = new ManualClock();

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'couic-api-'));
  socketPath = join(directory, 'couic.sock');
  firewall = new SimulatedFirewall({ now: () => Math.floor(clock.wall / 1000) });
  api = new CouicApiServer({ firewall: () => firewall, clients: CLIENTS, listen: { socketPath } });
  endpoint = await api.start();
  ({ ledger } = await startedLedger(undefined, clock));
  return async () => {
    await ledger.stop();
    await api.stop();
    rmSync(directory, { recursive: true });
  };
});

async function start(config: Record<string, unknown> = {}, fast: Record<string, unknown> = {}) {
  const context = receiverContext(ledger, { id: 'couic_api' });
  const parsed = configSchema.parse({ endpoint, instance: 'edge', token: MONITORING, ...config });
  const reconcile = parsed.reconcile && { ...parsed.reconcile, interval: 20 };
  const receiver = new CouicApiReceiver(context, { ...parsed, ...FAST, ...(reconcile && { reconcile }), ...fast });
  await receiver.start();
  onTestFinished(() => receiver.shutdown());
  return { context, receiver };
}

const metric = async (name: string) => (await collect(ledger.producer(['edge'])))[name];
const warnings = (context: ReturnType<typeof receiverContext>) =>
  context.lines.filter(({ level }) => (level as number) >= 40).map(({ msg }) => msg);

test('the date of an answer confirms a clock that is held back', async () => {
  const context = receiverContext(ledger, { id: 'couic_api' });
  context.trustedClock.startAfter(Date.now() - 10 * 86_400_000);
  const config = configSchema.parse({ endpoint, instance: 'edge', token: MONITORING });
  const receiver = new CouicApiReceiver(context, config);
  onTestFinished(() => receiver.shutdown());
  expect(context.trustedClock.heldBack).toBeGreaterThan(0);
  await receiver.start();
  await expect.poll(() => context.trustedClock.believedFor, { timeout: 20_000 }).toBe("Couic's API has the same time");
});

test('the factory is registered under the name of the configuration', async () => {
  const config = configSchema.parse({ instance: 'edge', token: MONITORING });
  const receiver = await couicApiReceiver.create(receiverContext(ledger), config);
  expect([couicApiReceiver.kind, couicApiReceiver.type, receiver.metrics?.names]).toEqual([
    'receiver',
    'couic_api',
    ['edge'],
  ]);
  expect(couicApiReceiver.secrets).toEqual([['token'], ['reconcile', 'token']]);
});

describe('traffic', () => {
  test('is collected over the socket, from now on', async () => {
    firewall.add('drop', '192.0.2.1/32', { tag: 'scanner' });
    firewall.hit('drop', '192.0.2.1/32', 100, 6000);
    const { context } = await start();
    await expect.poll(() => metric('couic.network.packets')).toMatchObject({ XDP_DROP: 0 });
    firewall.hit('drop', '192.0.2.1/32', 7, 500);
    firewall.traffic.pass(20, 3000);
    await expect.poll(() => metric('couic.network.packets')).toMatchObject({ XDP_DROP: 7, XDP_PASS: 20 });
    expect(await metric('couic.rule.io')).toEqual({ 'drop scanner': 500 });
    expect(await metric('couic.up')).toEqual({ '': 1 });
    expect(context.messages()).toEqual([`Collecting from unix://${socketPath}`]);
    expect(new Set(api.requests)).toEqual(new Set(['/v1/metrics']));
  });

  test('is collected from the start of Couic, if that is wanted', async () => {
    firewall.traffic.pass(20, 3000);
    await start({ count_from_start: true });
    await expect.poll(() => metric('couic.network.packets')).toMatchObject({ XDP_PASS: 20 });
  });

  test('a restart of Couic is noticed and said', async () => {
    firewall.traffic.pass(20, 3000);
    const { context } = await start();
    await expect.poll(() => metric('couic.network.packets')).toMatchObject({ XDP_PASS: 0 });
    firewall.restart();
    firewall.traffic.pass(5, 300);
    await expect.poll(() => metric('couic.network.packets')).toMatchObject({ XDP_PASS: 5 });
    await expect.poll(() => context.messages()).toContain('Couic was restarted: its counters have begun again');
  });

  test('goes over HTTPS to a Couic behind a proxy', async () => {
    const authority = await makeAuthority();
    const proxied = new CouicApiServer({
      firewall: () => firewall,
      clients: CLIENTS,
      listen: await authority.issue('couic'),
    });
    const url = await proxied.start();
    onTestFinished(() => proxied.stop());
    const caFile = join(directory, 'ca.pem');
    writeFileSync(caFile, authority.cert);
    firewall.traffic.pass(1, 60);
    await start({ endpoint: url, tls: { ca_file: caFile }, count_from_start: true });
    await expect.poll(() => metric('couic.network.packets')).toMatchObject({ XDP_PASS: 1 });
    await expect.poll(() => metric('couic.up')).toEqual({ '': 1 });
  });
});

describe('rules', () => {
  const reconcile = { token: CLIENTRO };

  test('of peers and set files come in, and go out', async () => {
    firewall.addFromPeer('192.0.2.1/32', { tag: 'peer' });
    firewall.loadSet('spamhaus', 'drop', ['198.51.100.0/24']);
    const { context } = await start({ reconcile });
    await expect
      .poll(() => metric('couic.rule.active'))
      .toEqual({ 'drop peer ipv4': 1, 'drop spamhaus.couic ipv4': 1 });
    await expect
      .poll(() => context.messages())
      .toContain('Reconciled with Couic: of 2 rules, 2 came in and 0 went that no report had told of');
    firewall.removeFromPeer('192.0.2.1/32');
    await expect.poll(() => metric('couic.rule.active')).toEqual({ 'drop spamhaus.couic ipv4': 1 });
    await expect.poll(() => metric('couic.ledger.drift')).toEqual({ '': 0 });
  });

  test('are reconciled at once when Couic was restarted', async () => {
    firewall.add('drop', '192.0.2.1/32');
    firewall.traffic.pass(20, 3000);
    await start({ reconcile }, { reconcile: { interval: 3_600_000, token: CLIENTRO } });
    await expect.poll(() => metric('couic.rule.active')).toEqual({ 'drop untagged ipv4': 1 });
    await expect.poll(() => metric('couic.network.packets')).toMatchObject({ XDP_PASS: 0 });
    firewall.restart();
    await expect.poll(() => metric('couic.rule.active')).toBeUndefined();
  });

  describe('are compared at once, long before the interval is over,', () => {
    const rarely = { reconcile: { interval: 3_600_000, token: CLIENTRO } };
    const active = () => metric('couic.rule.active');
    /** Compared once, and with nothing to do for an hour. */
    async function settled() {
      firewall.addFromPeer('192.0.2.1/32');
      const started = await start({ reconcile }, rarely);
      await expect.poll(active).toEqual({ 'drop untagged ipv4': 1 });
      return started;
    }

    test('when the API answers again', async () => {
      await settled();
      api.fault = () => ({ status: 502, type: 'text/html' });
      await expect.poll(() => metric('couic.up')).toEqual({ '': 0 });
      // As many rules as before, so that the numbers tell nothing.
      firewall.removeFromPeer('192.0.2.1/32');
      firewall.addFromPeer('192.0.2.2/32', { tag: 'later' });
      api.fault = () => undefined;
      await expect.poll(active).toEqual({ 'drop later ipv4': 1 });
    });

    test('when Couic came only after the bridge', async () => {
      await api.stop();
      const { context } = await start({ reconcile }, rarely);
      await expect.poll(() => warnings(context).length).toBe(2);
      firewall.addFromPeer('192.0.2.1/32');
      const later = new CouicApiServer({ firewall: () => firewall, clients: CLIENTS, listen: { socketPath } });
      await later.start();
      onTestFinished(() => later.stop());
      await expect.poll(active).toEqual({ 'drop untagged ipv4': 1 });
    });

    test('when Couic counts other numbers than the ledger: peers spoke, a set was reloaded', async () => {
      await settled();
      firewall.addFromPeer('192.0.2.9/32', { tag: 'peer' });
      await expect.poll(active).toEqual({ 'drop untagged ipv4': 1, 'drop peer ipv4': 1 });
      firewall.loadSet('office', 'ignore', ['198.51.100.0/24', '203.0.113.0/24']);
      await expect.poll(active).toMatchObject({ 'ignore office.couic ipv4': 2 });
      expect(await metric('couic.rule.held')).toEqual({ drop: 2, ignore: 2 });
    });

    test('when Couic was restarted so quickly that it saw no packet', async () => {
      await settled();
      firewall.restart();
      await expect.poll(active).toBeUndefined();
    });
  });

  test('of a token of group monitoring alone are counted, and the difference is the drift', async () => {
    for (let i = 0; i < 5; i++) firewall.addFromPeer(`192.0.2.${i}/32`);
    firewall.loadSet('office', 'ignore', ['198.51.100.0/24']);
    await start();
    await expect.poll(() => metric('couic.rule.held')).toEqual({ drop: 5, ignore: 1 });
    expect(await metric('couic.ledger.drift')).toEqual({ '': 6 });
    expect(await metric('couic.rule.active')).toBeUndefined();
    expect(new Set(api.requests)).toEqual(new Set(['/v1/metrics']));
  });

  test('that cannot be read are said, once, and stay', async () => {
    firewall.addFromPeer('192.0.2.1/32', { tag: 'scanner' });
    const { context } = await start({ reconcile });
    await expect.poll(() => metric('couic.rule.active')).toEqual({ 'drop scanner ipv4': 1 });
    const body = JSON.stringify([{ network: '192.0.2.1', since: 1 }]);
    api.fault = (path) => (path === '/v1/drop' ? { status: 200, body } : undefined);
    await expect
      .poll(() => warnings(context))
      .toEqual([
        '1 rule that Couic lists cannot be read (bad_cidr: 1); 1 rule that its lists do not hold stays in the ledger, for it may be among those',
      ]);
    expect(await metric('couic.rule.active')).toEqual({ 'drop scanner ipv4': 1 });
    api.fault = () => undefined;
    await expect.poll(() => context.messages()).toContain('The lists of Couic are whole again');
  });

  test('of an old answer that a proxy kept are not taken for all there are', async () => {
    const { context } = await start({ reconcile });
    for (let i = 0; i < 3; i++) firewall.addFromPeer(`192.0.2.${i}/32`);
    await expect.poll(() => metric('couic.rule.active')).toEqual({ 'drop untagged ipv4': 3 });
    api.fault = (path) => (path === '/v1/drop' ? { status: 200, body: '[]' } : undefined);
    await expect
      .poll(() => warnings(context))
      .toEqual([
        'Couic lists 0 drop rules and counts 3: is a proxy in between, with an old answer?; 3 rules that its lists do not hold stay in the ledger, for they may be among those',
      ]);
    expect(await metric('couic.rule.active')).toEqual({ 'drop untagged ipv4': 3 });
  });

  test('of another group of clients are said to need another token', async () => {
    const { context } = await start({ reconcile: { token: MONITORING } });
    await expect
      .poll(() => warnings(context))
      .toEqual([
        `The rules of Couic could not be reconciled: unix://${socketPath} does not take the token: it has to be that of a client of the group clientro ("couicctl clients list" shows them)`,
      ]);
    expect(await metric('couic.up')).toEqual({ '': 1 });
  });

  test('a list that breaks off takes nothing out', async () => {
    for (let i = 0; i < 50; i++) firewall.add('drop', `192.0.2.${i}/32`);
    const { context } = await start({ reconcile });
    await expect.poll(() => metric('couic.rule.active')).toEqual({ 'drop untagged ipv4': 50 });
    api.fault = (path) => (path === '/v1/drop' ? { half: true } : undefined);
    await expect.poll(() => warnings(context)).toHaveLength(1);
    expect(warnings(context)[0]).toMatch(/^The rules of Couic could not be reconciled: .* broke off its answer/);
    expect(await metric('couic.rule.active')).toEqual({ 'drop untagged ipv4': 50 });
    api.fault = () => undefined;
    await expect.poll(() => context.messages()).toContain('The rules of Couic are reconciled again');
  });
});

describe('a failure is said once, couic.up is 0, and nothing is lost:', () => {
  const cases: [string, ApiFault, RegExp][] = [
    [
      'a page of a proxy',
      { status: 200, type: 'text/html', body: '<h1>Welcome</h1>' },
      /does not answer as Couic does: its answer is text\/html\. Is it a proxy's page\?$/,
    ],
    [
      'an error page of a proxy',
      { status: 502, type: 'text/html', body: '<h1>502 Bad\nGateway</h1>' },
      /answered 502 \(502 Bad Gateway\)$/,
    ],
    [
      'an error of Couic',
      { status: 500, body: '{"code":"EINTERNAL","message":"map is gone"}' },
      /answered 500 \(map is gone\)$/,
    ],
    [
      'a redirect',
      { status: 302, headers: { location: 'https://evil.example/' } },
      /answered 302: redirects are not followed/,
    ],
    ['half an answer', { half: true }, /broke off its answer/],
    [
      'JSON of something else',
      { status: 200, body: '{"hello":"world"}' },
      /does not answer as Couic does: xdp is not an object/,
    ],
    ['no answer in time', { until: new Promise(() => {}) }, /did not answer within 400 ms$/],
  ];
  test.each(cases)('%s', async (_name, fault, message) => {
    firewall.traffic.pass(1, 60);
    const { context } = await start();
    await expect.poll(() => metric('couic.up')).toEqual({ '': 1 });
    await expect.poll(() => metric('couic.network.packets')).toMatchObject({ XDP_PASS: 0 });
    api.fault = () => fault;
    await expect.poll(() => metric('couic.up'), { timeout: 5000 }).toEqual({ '': 0 });
    const asked = api.requests.length;
    await expect.poll(() => api.requests.length, { timeout: 5000 }).toBeGreaterThan(asked + 1);
    expect(warnings(context)).toEqual([expect.stringMatching(message)]);
    expect(warnings(context)[0]).toMatch(/^No counters from Couic: /);

    firewall.traffic.pass(10, 600);
    api.fault = () => undefined;
    await expect.poll(() => metric('couic.network.packets'), { timeout: 5000 }).toMatchObject({ XDP_PASS: 10 });
    expect(await metric('couic.up')).toEqual({ '': 1 });
    await expect.poll(() => context.messages()).toContain('The API of Couic answers again');
    expect(context.logText()).not.toContain(MONITORING);
  });

  test('a wrong token, and one of the wrong group', async () => {
    for (const token of ['79deb94f-5dd1-417f-8842-667d8dff4480', CLIENTRO]) {
      const { context, receiver } = await start({ token });
      await expect
        .poll(() => warnings(context))
        .toEqual([
          expect.stringMatching(/does not take the token: it has to be that of a client of the group monitoring/),
        ]);
      expect(context.logText()).not.toContain(token);
      await receiver.shutdown();
    }
  });

  test('no Couic, then one that comes', async () => {
    await api.stop();
    const { context } = await start();
    await expect
      .poll(() => warnings(context))
      .toEqual([
        `No counters from Couic: there is no socket at ${socketPath}: does Couic run, and is that its [server] socket?`,
      ]);
    const later = new CouicApiServer({ firewall: () => firewall, clients: CLIENTS, listen: { socketPath } });
    await later.start();
    onTestFinished(() => later.stop());
    await expect.poll(() => metric('couic.up')).toEqual({ '': 1 });
  });

  test('a socket that nobody listens on, and a refused port', async () => {
    const gone = join(directory, 'gone.sock');
    writeFileSync(gone, '');
    const { context } = await start({ endpoint: `unix://${gone}` });
    await expect
      .poll(() => warnings(context))
      .toEqual([
        expect.stringMatching(/is not reached: .*ECONNREFUSED.*: does Couic run, and is that its \[server\] socket\?$/),
      ]);
    const other = await start({ endpoint: 'https://127.0.0.1:1' });
    await expect.poll(() => warnings(other.context)).toEqual([expect.stringMatching(/is not reached: .*ECONNREFUSED/)]);
  });

  test.skipIf(process.getuid?.() === 0)('a socket that is not for the user of the bridge', async () => {
    chmodSync(socketPath, 0);
    const { context } = await start();
    await expect
      .poll(() => warnings(context))
      .toEqual([expect.stringMatching(/add the user of the bridge to the group/)]);
  });

  test('a certificate of a stranger', async () => {
    const [ours, theirs] = await Promise.all([makeAuthority('ours'), makeAuthority('theirs')]);
    const proxied = new CouicApiServer({
      firewall: () => firewall,
      clients: CLIENTS,
      listen: await theirs.issue('couic'),
    });
    const url = await proxied.start();
    onTestFinished(() => proxied.stop());
    const caFile = join(directory, 'ca.pem');
    writeFileSync(caFile, ours.cert);
    const { context } = await start({ endpoint: url, tls: { ca_file: caFile } });
    await expect.poll(() => warnings(context)).toEqual([expect.stringMatching(/check tls\.ca_file/)]);
    expect(proxied.requests).toEqual([]);
  });

  test('an endless answer', async () => {
    let sent = 0;
    const endless = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = () => {
        sent += 65_536;
        if (!response.destroyed) response.write(Buffer.alloc(65_536, ' '), more);
      };
      more();
    });
    const path = join(directory, 'endless.sock');
    await new Promise<void>((resolve) => endless.listen(path, resolve));
    const { context, receiver } = await start({ endpoint: `unix://${path}` }, { collection_interval: 60_000 });
    await expect.poll(() => warnings(context)).toEqual([expect.stringMatching(/does not answer as Couic does/)]);
    await receiver.shutdown();
    await new Promise((resolve) => endless.close(resolve));
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });
});

test('an answer that takes longer than the interval is waited for: never two at once', async () => {
  const held = deferred();
  let slow = true;
  api.fault = () => (slow ? { until: held.promise } : undefined);
  const { context } = await start({}, { timeout: 5000, collection_interval: 5 });
  await expect.poll(() => api.requests).toHaveLength(1);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(api.requests).toHaveLength(1);
  slow = false;
  held.resolve();
  await expect.poll(() => api.requests.length).toBeGreaterThan(3);
  expect(api.mostAtOnce).toBe(1);
  expect(warnings(context)).toEqual([]);
});

test('the interval is from beginning to beginning', async () => {
  const waits: number[] = [];
  const moving = new ManualClock();
  const context = { ...receiverContext(ledger), clock: moving };
  const receiver = new CouicApiReceiver(
    context,
    configSchema.parse({ endpoint, instance: 'edge', token: MONITORING }),
    async (milliseconds, signal) => {
      waits.push(milliseconds);
      await systemSleep(5, signal);
    },
  );
  api.fault = () => {
    moving.advance(3000);
    return undefined;
  };
  await receiver.start();
  await expect.poll(() => waits.length).toBeGreaterThan(2);
  expect(waits[0]).toBe(7000);
  api.fault = () => {
    moving.advance(25_000);
    return undefined;
  };
  const [requests, waited] = [api.requests.length, waits.length];
  // A reading that took longer than the interval is followed by the next at once.
  await expect.poll(() => api.requests.length).toBeGreaterThan(requests + 3);
  expect(waits.length).toBeLessThanOrEqual(waited + 1);
  await receiver.shutdown();
});

test('shutdown ends what is under way, twice, and before start', async () => {
  api.fault = () => ({ until: new Promise(() => {}) });
  const { context, receiver } = await start({ reconcile: { token: CLIENTRO } }, { timeout: 60_000 });
  await expect.poll(() => api.requests.length).toBe(2);
  await receiver.shutdown();
  await receiver.shutdown();
  expect(warnings(context)).toEqual([]);
  const unused = new CouicApiReceiver(context, configSchema.parse({ instance: 'edge', token: MONITORING }));
  await unused.shutdown();
});
