import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Admission } from '../../../../plugins/receivers/couic/admission.ts';
import { REFUSALS } from '../../../../plugins/receivers/couic/errors.ts';
import { ReceiverLog } from '../../../../plugins/receivers/couic/receiver-log.ts';
import { ReportHandler } from '../../../../plugins/receivers/couic/report-handler.ts';
import { reportRoutes } from '../../../../plugins/receivers/couic/routes.ts';
import { SenderWatch } from '../../../../plugins/receivers/couic/sender-watch.ts';
import { ReceiverTelemetry } from '../../../../plugins/receivers/couic/telemetry.ts';
import { FailureBrake } from '../../../../src/http/failure-brake.ts';
import { createRouter } from '../../../../src/http/router.ts';
import { Tokens } from '../../../../src/http/tokens.ts';
import { StorageError } from '../../../../src/log/storage-error.ts';
import { deferred } from '../../../support/deferred.ts';
import { FakeLedger } from '../../../support/fake-ledger.ts';
import { receiverContext } from '../../../support/receiver-context.ts';

const TOKEN = '550e8400-e29b-41d4-a716-446655440000';
const BATCH = readFileSync(new URL('../../../testdata/couic-batch.json', import.meta.url));

function setUp({ logReports = true, limit = 8 } = {}) {
  const ledger = new FakeLedger();
  const context = receiverContext(ledger);
  const { clock, logger, meter, carried } = context;
  const handler = new ReportHandler({
    admission: new Admission(limit, limit),
    eventLoop: { wasLateSince: () => false },
    senders: new SenderWatch(() => {}),
    ledger,
    clock,
    log: new ReceiverLog(logger, clock),
    telemetry: new ReceiverTelemetry(meter, carried, ['edge', 'open']),
    failures: new FailureBrake(clock),
    logReports,
    bodyStallTimeout: 1000,
  });
  const tokens = new Tokens([
    { name: 'edge', tokens: [TOKEN] },
    { name: 'open', tokens: [] },
  ]);
  const app = createRouter(reportRoutes(handler, tokens));
  onTestFinished(() => app.close());
  const post = (url: string, payload: string | Buffer | Readable = BATCH, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...headers } });
  return { app, context, handler, ledger, post };
}

describe('accepted', () => {
  test.each(['', '/', 'text/plain', 'application/json; charset=utf-8'])('as the Content-Type %j, too', async (type) => {
    const { app, ledger } = setUp();
    const headers = { 'content-type': type };
    const response = await app.inject({ method: 'POST', url: '/v1/reports', payload: BATCH, headers });
    expect(response.statusCode).toBe(200);
    expect(ledger.reports('open').length).toBe(3);
  });

  test('a batch of an instance with a token', async () => {
    const { context, ledger, post } = setUp();
    const response = await post(`/v1/reports/${TOKEN}`);
    expect([response.statusCode, response.body]).toEqual([200, '{"accepted":3,"replayed":0,"quarantined":0}']);
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(ledger.reports('edge').map(({ entry }) => entry.cidr)).toEqual([
      '1.2.3.4/32',
      '5.6.7.8/32',
      '9.10.11.12/32',
    ]);
    expect(context.messages()).toEqual([
      'Received 3 reports from Couic',
      'Action: add, Policy: drop, CIDR: 1.2.3.4/32, Tag: malicious',
      'Action: add, Policy: ignore, CIDR: 5.6.7.8/32, Tag: trusted',
      'Action: remove, Policy: drop, CIDR: 9.10.11.12/32, Tag: scanner',
    ]);
  });

  test('a batch of the instance without one, with or without a last slash', async () => {
    const { ledger, post } = setUp();
    expect((await post('/v1/reports')).statusCode).toBe(200);
    expect((await post('/v1/reports/')).statusCode).toBe(200);
    expect(ledger.reports('open')).toHaveLength(6);
  });

  test.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8'])(
    'whatever type it says it is: %s',
    async (type) => {
      const { post } = setUp();
      expect((await post('/v1/reports', BATCH, { 'content-type': type })).statusCode).toBe(200);
    },
  );

  test('without any Content-Type, and with Content-Encoding: identity', async () => {
    const { app } = setUp();
    const headers = { 'content-encoding': 'Identity' };
    const response = await app.inject({ method: 'POST', url: '/v1/reports', payload: Readable.from([BATCH]), headers });
    expect(response.body).toBe('{"accepted":3,"replayed":0,"quarantined":0}');
  });

  test('a body that is larger than any limit of Fastify', async () => {
    const { post } = setUp();
    const report = JSON.stringify(JSON.parse(String(BATCH))[0]);
    const response = await post('/v1/reports', `[${Array(20_000).fill(report).join()}]`);
    expect(response.json()).toEqual({ accepted: 20_000, replayed: 0, quarantined: 0 });
  });

  test('no address is logged when log_reports is off', async () => {
    const { context, post } = setUp({ logReports: false });
    await post('/v1/reports');
    expect(context.messages()).toEqual(['Received 3 reports from Couic']);
  });

  test('is counted, and timed by route', async () => {
    const { context, post } = setUp();
    await post(`/v1/reports/${TOKEN}`);
    await post('/v1/reports');
    expect(await context.points('couic.bridge.receiver.accepted_reports')).toEqual([
      [{ 'couic.instance.name': 'edge' }, 3],
      [{ 'couic.instance.name': 'open' }, 3],
    ]);
    const durations = await context.points('http.server.request.duration');
    expect(durations.map(([attributes]) => attributes)).toEqual(
      ['/v1/reports/{token}', '/v1/reports'].map((route) => ({
        'http.route': route,
        'http.request.method': 'POST',
        'http.response.status_code': 200,
      })),
    );
    expect(durations[0]?.[1]).toMatchObject({ count: 1 });
  });
});

test('the root says in one line what this is', async () => {
  const { app } = setUp();
  const response = await app.inject({ method: 'GET', url: '/' });
  expect([response.statusCode, response.body]).toEqual([
    200,
    'couic-otel-bridge takes reports of Couic here: POST /v1/reports/{token}\n',
  ]);
});

describe('refused', () => {
  const cases: [string, string, string, Record<string, string>, keyof typeof REFUSALS][] = [
    ['a wrong token', 'POST', '/v1/reports/wrong', {}, 'ERR_UNAUTHORIZED'],
    ['a token with an escape that is none', 'POST', '/v1/reports/%zz', {}, 'ERR_NOT_FOUND'],
    ['a token of 4,000 characters', 'POST', `/v1/reports/${'x'.repeat(4000)}`, {}, 'ERR_UNAUTHORIZED'],
    ['a page in a browser', 'POST', '/v1/reports', { origin: 'http://evil.example' }, 'ERR_BROWSER'],
    ['gzip', 'POST', '/v1/reports', { 'content-encoding': 'gzip' }, 'ERR_CONTENT_ENCODING'],
    ['another path, with a Content-Type that is none', 'POST', '/', { 'content-type': '/' }, 'ERR_NOT_FOUND'],
    ['GET', 'GET', '/v1/reports', {}, 'ERR_METHOD_NOT_ALLOWED'],
    ['PUT with a token', 'PUT', `/v1/reports/${TOKEN}`, {}, 'ERR_METHOD_NOT_ALLOWED'],
    ['another path', 'POST', '/', {}, 'ERR_NOT_FOUND'],
    ['a path below', 'POST', `/v1/reports/${TOKEN}/more`, {}, 'ERR_NOT_FOUND'],
  ];
  test.each(cases)('%s', async (_name, method, url, headers, code) => {
    const { app, context, ledger } = setUp();
    const payload = method === 'GET' ? undefined : BATCH;
    const response = await app.inject({ method: method as 'POST', url, ...(payload && { payload }), headers });
    const { status, message, reason } = REFUSALS[code];
    expect([response.statusCode, response.json()]).toEqual([status, { code, message }]);
    expect(ledger.bodies).toEqual([]);

    const [[attributes, count] = []] = await context.points('couic.bridge.receiver.refused_requests');
    expect([attributes?.reason, count]).toEqual([reason, 1]);
    for (const text of [context.logText(), response.body]) {
      for (const secret of [TOKEN, 'wrong', 'xxxx', '%zz']) expect(text).not.toContain(secret);
    }
  });

  test.each(['/v1/reports/wrong', '/other'])('and the connection ends: %s', async (url) => {
    const { post } = setUp();
    expect((await post(url)).headers.connection).toBe('close');
  });

  test('another method is told which one is allowed', async () => {
    const { app } = setUp();
    const response = await app.inject({ method: 'DELETE', url: '/v1/reports' });
    expect(response.headers.allow).toBe('POST');
  });

  test('what is no JSON array, with where it broke', async () => {
    const { post } = setUp();
    const response = await post('/v1/reports', 'nonsense');
    expect(response.statusCode).toBe(400);
    expect(response.json()).toEqual({
      code: 'ERR_BODY',
      message: 'expected a JSON array',
      offset: 0,
      accepted: 0,
      replayed: 0,
      quarantined: 0,
    });
  });

  test('while the disk is full: 503, and Couic keeps its reports', async () => {
    const { ledger, post } = setUp();
    ledger.beforeCommit = () => {
      throw new StorageError('ERR_STORAGE_COMMIT', 'no space left on /var/lib/private');
    };
    const response = await post('/v1/reports');
    expect([response.statusCode, response.json().code]).toEqual([503, 'ERR_STORAGE']);
    expect(response.headers['retry-after']).toBe('5');
    expect(response.body).not.toContain('/var/lib');
  });

  test('by a fault of the bridge: 500, and the log says what', async () => {
    const { context, ledger, post } = setUp();
    ledger.beforeCommit = () => {
      throw new TypeError('x is not a function');
    };
    const response = await post('/v1/reports');
    expect([response.statusCode, response.json().code]).toEqual([500, 'ERR_INTERNAL']);
    expect(response.body).not.toContain('x is not');
    expect(context.logText()).toContain('x is not a function');
  });

  test('more bodies than there is room for, until one is done', async () => {
    const { ledger, post } = setUp({ limit: 1 });
    const commit = deferred();
    ledger.beforeCommit = () => commit.promise;
    const first = post('/v1/reports');
    await expect.poll(() => ledger.bytes).toBe(BATCH.length);
    const refused = await post('/v1/reports');
    expect([refused.statusCode, refused.headers['retry-after'], refused.json().code]).toEqual([503, '1', 'ERR_BUSY']);
    commit.resolve();
    expect((await first).statusCode).toBe(200);
    expect((await post('/v1/reports')).statusCode).toBe(200);
  });

  test('everything new once it is stopping', async () => {
    const { handler, post } = setUp();
    handler.stop();
    const response = await post('/v1/reports');
    expect([response.statusCode, response.headers.connection, response.json().code]).toEqual([
      503,
      'close',
      'ERR_STOPPING',
    ]);
  });
});
