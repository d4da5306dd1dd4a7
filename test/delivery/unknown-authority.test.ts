import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { LapiClient } from '../../plugins/exporters/crowdsec/lapi-client.ts';
import { CouicApiClient } from '../../plugins/receivers/couic_api/api-client.ts';
import { HttpPoster } from '../../src/delivery/http-poster.ts';
import { makeAuthority } from '../support/certificates.ts';

test('a certificate of an unknown authority is the same failure, with the same advice, whatever is sent', async () => {
  const server = createServer(await (await makeAuthority()).issue('server'), (_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { signal } = new AbortController();
  const lapi = new LapiClient({ endpoint: url, timeout: 5000, userAgent: 'a/b' });
  const poster = new HttpPoster({ url, headers: {}, timeout: 5000, retryable: () => true });
  const couic = new CouicApiClient({ endpoint: { url, shown: url }, timeout: 5000, userAgent: 'a/b' });
  const window = await lapi.push('{}', signal);
  const metrics = await poster.post(Buffer.from('a'), signal);
  const counters = await couic.metrics('t', signal).then(
    () => undefined,
    (error: { failure: string; message: string }) => error,
  );
  await Promise.all([lapi.close(), poster.close(), couic.close()]);
  expect(window).toMatchObject({ kind: 'retryable', reason: 'tls' });
  expect((window as { message: string }).message).toMatch(
    /check tls\.ca_file, and that the certificate names the host/,
  );
  expect(metrics).toEqual(window);
  expect([counters?.failure, counters?.message]).toEqual(['tls', (window as { message: string }).message]);
});
