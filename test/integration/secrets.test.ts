import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { BridgeUnderTest } from '../support/bridge-under-test.ts';
import { type ApiFault, CouicApiServer } from '../support/couic-sim/api-server.ts';
import { SimulatedFirewall } from '../support/couic-sim/firewall.ts';
import { LapiServer } from '../support/lapi/server.ts';
import { bodyOf } from '../support/ledger.ts';

/** Each as long and odd as a real one, so that no other text holds it by chance. */
const SECRETS = {
  token: 'b8d9c1f0-4b1f-4e57-9d0d-70ce11secret',
  oldToken: 'a7c8b0ef-3a0e-4d46-8c9c-6fbd00secret',
  guessed: 'c9eaD201-5c20-4f68-ae1e-81df22secret',
  apiKey: 'Lk3v9QzT1xApiKeySecretOfTheBouncer7w',
  header: 'Bearer-0tlp-S3cr3t-H3ad3r-Value-55ab',
  apiToken: '5ec2e7a1-0000-4000-8000-c0ffee5ec2e7',
  discord: 'dIsc0rd-webhook-t0ken-of-the-channel-77',
  rulesToken: '5ec2e7b2-1111-4111-9111-decade5ec2e7',
};
/** What a report tells beside its rule: free text of other programs, which the log has no need to repeat. */
const DETAIL = 'free-text-of-an-api-client-4711';

const seen: string[] = [];
let bridge: BridgeUnderTest;
let lapi: LapiServer;

beforeAll(async () => {
  bridge = new BridgeUnderTest();
  lapi = await new LapiServer({ keys: { 'another-key': 'bridge' } }).start();
});

afterAll(async () => {
  await bridge.remove();
  await lapi.stop();
});

const env = {
  TOKEN: SECRETS.token,
  OLD_TOKEN: SECRETS.oldToken,
  API_KEY: SECRETS.apiKey,
  OTLP_HEADER: SECRETS.header,
  COUIC_API: SECRETS.apiToken,
  DISCORD: SECRETS.discord,
  COUIC_RULES: SECRETS.rulesToken,
};

function config(changes: { crowdsec?: object; couic?: object; couicApi?: object; service?: object } = {}): object {
  return {
    receivers: {
      couic: {
        endpoint: '127.0.0.1:0',
        instances: [{ name: 'edge', tokens: ['${env:TOKEN}', '${env:OLD_TOKEN}'] }],
        ...changes.couic,
      },
      couic_api: {
        endpoint: `unix://${bridge.directory}/couic.sock`,
        instance: 'edge',
        token: '${env:COUIC_API}',
        collection_interval: '1s',
        timeout: '300ms',
        reconcile: { interval: '1s', token: '${env:COUIC_RULES}' },
        ...changes.couicApi,
      },
    },
    exporters: {
      prometheus: { endpoint: '127.0.0.1:0' },
      crowdsec: {
        endpoint: lapi.url,
        api_key: '${env:API_KEY}',
        interval: '1s',
        timeout: '300ms',
        retry_on_failure: { initial_interval: '50ms', max_interval: '100ms' },
        ...changes.crowdsec,
      },
      otlp_http: { endpoint: lapi.url, headers: { authorization: '${env:OTLP_HEADER}' }, interval: '1s' },
      digest: {
        interval: '1s',
        notifiers: {
          discord: [{ webhook_url: `${lapi.url}/api/webhooks/1/\${env:DISCORD}` }],
          webhook: [{ endpoint: `${lapi.url}/\${env:DISCORD}`, headers: { 'x-key': '${env:DISCORD}' } }],
        },
      },
    },
    extensions: { file_storage: {}, health_check: { endpoint: '127.0.0.1:0' } },
    service: {
      extensions: ['file_storage', 'health_check'],
      pipelines: {
        metrics: { receivers: ['couic', 'couic_api'], exporters: ['prometheus', 'crowdsec', 'otlp_http'] },
        logs: { receivers: ['couic'], exporters: ['digest'] },
      },
      telemetry: { logs: { level: 'debug' } },
      ...changes.service,
    },
  };
}

async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  seen.push(`${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`);
}

/** Bytes as they are, on a connection that is then dropped. */
function raw(port: number, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (answer) => seen.push(answer.toString()));
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    setTimeout(() => socket.destroy(), 200);
  });
}

function expectNoSecret(): void {
  const everything = seen.join('\n') + bridge.output;
  for (const [name, secret] of Object.entries(SECRETS)) {
    for (const form of [secret, secret.toLowerCase(), encodeURIComponent(secret), btoa(secret)]) {
      expect(everything.includes(form), `${name} is in:\n${context(everything, form)}`).toBe(false);
    }
  }
}

function context(text: string, part: string): string {
  const at = text.indexOf(part);
  return at < 0 ? '' : text.slice(Math.max(0, at - 200), at + part.length + 50);
}

test('configurations that are wrong are described without what is secret in them', async () => {
  const wrong: object[] = [
    config({
      couic: {
        instances: [
          { name: 'a', token: '${env:TOKEN}' },
          { name: 'b', token: '${env:TOKEN}' },
        ],
      },
    }),
    config({ couic: { instances: [{ name: 'a', token: `${SECRETS.token}/with a blank` }] } }),
    config({ couic: { instances: [{ name: 'a', tokn: SECRETS.token }] } }),
    config({ couicApi: { token: `${SECRETS.apiToken}x` } }),
    config({ couicApi: { endpoint: 'https://couic.example', tken: SECRETS.apiToken } }),
    config({ crowdsec: { api_key: [SECRETS.apiKey] } }),
    config({ crowdsec: { api_key: `${SECRETS.apiKey}\nline` } }),
    config({ crowdsec: { api_kee: SECRETS.apiKey } }),
    config({ crowdsec: { interval: '${env:API_KEY}' } }),
    config({ service: { pipelines: { '${env:TOKEN}': {} } } }),
  ];
  for (const each of wrong) {
    bridge.write(each);
    expect(await bridge.run(['validate', '--config', 'config.yaml'], env), JSON.stringify(each)).not.toBe(0);
  }
  // The run itself says the same.
  expect(await bridge.run(['--config', 'config.yaml'], env)).not.toBe(0);
  bridge.write(config());
  expect(await bridge.run(['print-config', '--config', 'config.yaml'], env)).toBe(0);
  expect(
    await bridge.run(
      ['validate', '--config', 'config.yaml', '--set', `exporters.crowdsec.api_key=${SECRETS.apiKey}`, '--set', 'x=1'],
      env,
    ),
  ).not.toBe(0);
  expectNoSecret();
}, 120_000);

test('no failure of a request, of LAPI, of a Collector or of the disk shows a secret', async () => {
  bridge.write(config());
  lapi.faults.push(
    { kind: 'status', status: 401, body: '{}' },
    { kind: 'redirect', location: 'http://127.0.0.1:1/elsewhere' },
    { kind: 'html', status: 502 },
    { kind: 'status', status: 400, body: '{"message":"refused"}' },
    { kind: 'lost' },
    { kind: 'silent' },
  );
  // Couic's API knows none of the tokens, and fails in other ways besides.
  const firewall = new SimulatedFirewall({ now: () => 0 });
  const listen = { socketPath: `${bridge.directory}/couic.sock` };
  const api = new CouicApiServer({ firewall: () => firewall, clients: {}, listen });
  const failures: (ApiFault | undefined)[] = [
    undefined,
    { status: 302, headers: { location: 'http://127.0.0.1:1/elsewhere' } },
    { status: 500, body: '{"code":"EINTERNAL","message":"no"}' },
    { status: 502, type: 'text/html', body: '<h1>Bad Gateway</h1>' },
    { half: true },
    { until: new Promise(() => {}) },
  ];
  api.fault = () => failures[api.requests.length % failures.length];
  await api.start();
  onTestFinished(() => api.stop());
  await bridge.start(env);
  const open = bridge.urlOf('Listening for reports on');
  const port = Number(new URL(open).port);
  const url = `${open}/${SECRETS.token}`;
  const good = bodyOf([{ kind: 'x' }]).replace('"detail":"test"', `"detail":"${DETAIL}"`);
  await post(url, good);
  await post(`${open}/${SECRETS.oldToken}`, good);
  await post(`${open}/${SECRETS.guessed}`, good);
  await post(open, good);
  await post(`${url}/deeper`, good);
  await post(`${url}?token=${SECRETS.guessed}`, good);
  await post(url, '{"not":"an array"}');
  await post(url, `[{"action":"bogus","metadata":{"detail":"${DETAIL}"}}]`);
  await post(url, `[{"action":"add" ${DETAIL}`);
  await post(url, good, { 'content-encoding': 'gzip' });
  await post(url, good, { 'content-type': SECRETS.guessed });
  await post(url, good, { origin: 'http://example.com' });
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) seen.push(await (await fetch(url, { method })).text());
  const path = `/v1/reports/${SECRETS.token}`;
  await raw(port, `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n[`);
  await raw(port, `POST ${path} HTTP/9.9\r\nbroken\r\n\r\n`);
  await raw(port, `POST ${path}%zz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
  await raw(port, `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`);
  await raw(port, `GET ${path} HTTP/1.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`);
  const aborted = request(url, { method: 'POST', headers: { 'content-length': '1000' } });
  aborted.on('error', () => {});
  aborted.write('[');
  setTimeout(() => aborted.destroy(), 50);

  await expect.poll(() => api.requests.length, { timeout: 20_000 }).toBeGreaterThan(8);
  // Time for some windows and exports to fail in each way.
  await expect
    .poll(() => lapi.requests.filter(({ method }) => method === 'POST').length, { timeout: 15_000 })
    .toBeGreaterThan(9);
  await lapi.stop();
  await post(url, bodyOf([{ cidr: '9.9.9.9/32' }]));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  seen.push(await bridge.scrape(), await (await fetch(bridge.urlOf('Health is at'))).text());
  await bridge.stop();
  // The log was looked into for what it must say, so it was not simply empty.
  expect(bridge.output).toContain('Received 1 report from Couic');
  expect(bridge.output).toContain('crowdsec');
  expect(bridge.output).toContain('does not take the token');
  expectNoSecret();
  expect(seen.join('\n') + bridge.output).not.toContain(DETAIL);
  // Addresses of rules are in the log, where log_reports puts them, and nowhere else.
  expect(seen.join('\n')).not.toMatch(/1\.2\.3\.4|9\.9\.9\.9/);
}, 60_000);
