import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HttpPoster, type HttpPosterOptions } from '../../src/delivery/http-poster.ts';
import { makeAuthority } from '../support/certificates.ts';
import { MetricsSink } from '../support/metrics-sink.ts';

const ends: (() => Promise<unknown>)[] = [];
const never = new AbortController().signal;
const body = Buffer.from('body');

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function build(options: Partial<HttpPosterOptions> = {}) {
  const sink = new MetricsSink();
  const origin = await sink.open();
  ends.push(() => sink.close());
  return { sink, origin, poster: posterTo({ url: `${origin}/v1/metrics?key=secret`, ...options }) };
}

function posterTo(options: Partial<HttpPosterOptions> & { url: string }): HttpPoster {
  const poster = new HttpPoster({ headers: {}, timeout: 5000, retryable: (status) => status >= 500, ...options });
  ends.push(() => poster.close());
  return poster;
}

test('posts the body with the headers to the whole URL', async () => {
  const { sink, poster } = await build({ headers: { 'X-Key': 'a', 'Content-Type': 'b', 'content-type': 'c' } });
  expect(await poster.post(body, never)).toEqual({ kind: 'success' });
  expect(sink.requests).toMatchObject([
    { url: '/v1/metrics?key=secret', headers: { 'x-key': 'a', 'content-type': 'c' }, body },
  ]);
});

test('hands over what a 2xx says', async () => {
  const said: string[] = [];
  const { sink, poster } = await build({ onAccepted: (answer) => said.push(Buffer.from(answer).toString()) });
  sink.answers.push({ status: 202, body: 'taken' });
  expect(await poster.post(body, never)).toEqual({ kind: 'success' });
  expect(said).toEqual(['taken']);
});

test.each([
  [
    { status: 503, headers: { 'retry-after': '7' }, body: 'over\nloaded' },
    { kind: 'retryable', reason: 'status_503', retryAfter: 7000 },
    'answered 503 (over loaded)',
  ],
  [{ status: 500 }, { kind: 'retryable', reason: 'status_500' }, 'answered 500'],
  [{ status: 400, body: 'no' }, { kind: 'failure', reason: 'status_400' }, 'answered 400 (no)'],
  [{ status: 401 }, { kind: 'failure', reason: 'status_401' }, 'answered 401: check headers, which hold the key'],
  [{ status: 404 }, { kind: 'failure', reason: 'status_404' }, 'answered 404: check endpoint and its path'],
  [
    { status: 307, headers: { location: 'http://elsewhere' } },
    { kind: 'failure', reason: 'status_307' },
    'redirects are not followed',
  ],
])('%o', async (answer, outcome, message) => {
  const { sink, poster, origin } = await build();
  sink.answers.push(answer);
  expect(await poster.post(body, never)).toEqual({ ...outcome, message: expect.stringContaining(message) });
  expect(sink.requests).toHaveLength(1);
  sink.answers.push(answer);
  expect(JSON.stringify(await poster.post(body, never))).toContain(`${origin}/v1/metrics `);
});

test('no message holds the query', async () => {
  const { sink, poster } = await build();
  sink.answers.push({ status: 503 });
  expect(JSON.stringify(await poster.post(body, never))).not.toContain('secret');
});

test('nobody there is retryable, and says what to look at', async () => {
  const { sink, origin } = await build();
  await sink.close();
  expect(await posterTo({ url: origin }).post(body, never)).toEqual({
    kind: 'retryable',
    reason: 'connection',
    message: expect.stringMatching(/is not reached: .*ECONNREFUSED.*: does it run, and does it listen there\?/),
  });
});

test('no answer in time is retryable', async () => {
  const { sink, poster, origin } = await build({ timeout: 50 });
  sink.answers.push('hang');
  expect(await poster.post(body, never)).toEqual({
    kind: 'retryable',
    reason: 'timeout',
    message: `${origin}/v1/metrics did not answer within 50 ms`,
  });
});

test('the signal ends a request', async () => {
  const { sink, poster } = await build();
  sink.answers.push('hang');
  const abort = new AbortController();
  const posted = poster.post(body, abort.signal);
  setTimeout(() => abort.abort(), 20);
  expect((await posted).kind).toBe('retryable');
});

test('over TLS with the authority given, and a client certificate', async () => {
  const authority = await makeAuthority();
  const ours = await authority.issue('bridge');
  const server = createTlsServer(
    { ...(await authority.issue('collector')), ca: authority.cert, requestCert: true, rejectUnauthorized: true },
    (_request, response) => response.end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const trusted = { ca: authority.cert, ...ours, rejectUnauthorized: true };
  expect(await posterTo({ url, tls: async () => trusted }).post(body, never)).toEqual({ kind: 'success' });
  expect(await posterTo({ url }).post(body, never)).toMatchObject({
    kind: 'retryable',
    reason: 'tls',
    message: expect.stringContaining('check tls.ca_file'),
  });
});

test('a certificate file that is gone is retryable: it may come back', async () => {
  const { origin } = await build();
  const poster = posterTo({
    url: origin.replace('http:', 'https:'),
    tls: () => Promise.reject(new Error('tls.ca_file: cannot read /gone.pem')),
  });
  expect(await poster.post(body, never)).toMatchObject({
    kind: 'retryable',
    message: expect.stringContaining('tls.ca_file: cannot read /gone.pem'),
  });
});
