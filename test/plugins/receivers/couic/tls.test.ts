import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { configSchema } from '../../../../plugins/receivers/couic/config.ts';
import { CouicReceiver } from '../../../../plugins/receivers/couic/receiver.ts';
import { type Authority, type KeyPair, makeAuthority } from '../../../support/certificates.ts';
import { FakeLedger } from '../../../support/fake-ledger.ts';
import { reportText } from '../../../support/ledger.ts';
import { receiverContext } from '../../../support/receiver-context.ts';

const PAST = { from: new Date('2020-01-01T00:00:00Z'), to: new Date('2020-01-02T00:00:00Z') };

let authority: Authority;
let stranger: Authority;
let server: KeyPair;
let directory: string;

beforeAll(async () => {
  [authority, stranger] = await Promise.all([makeAuthority('Ours'), makeAuthority('Theirs')]);
  server = await authority.issue('bridge');
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'couic-tls-'));
  write(server);
  writeFileSync(join(directory, 'clients.pem'), authority.cert);
  return () => rmSync(directory, { recursive: true });
});

function write({ cert, key }: Partial<KeyPair>): void {
  if (cert) writeFileSync(join(directory, 'cert.pem'), cert);
  if (key) writeFileSync(join(directory, 'key.pem'), key);
}

const files = () => ({ cert_file: join(directory, 'cert.pem'), key_file: join(directory, 'key.pem') });
const mutual = () => ({ ...files(), client_ca_file: join(directory, 'clients.pem') });

async function start(tls: Record<string, unknown>) {
  const ledger = new FakeLedger();
  const context = receiverContext(ledger);
  const receiver = new CouicReceiver(context, configSchema.parse({ endpoint: '127.0.0.1:0', tls }));
  await receiver.start();
  onTestFinished(() => receiver.shutdown(AbortSignal.abort()));
  return { context, ledger, port: receiver.endpoint.port };
}

/** @returns the status, and the fingerprint of the certificate that the server showed. */
function post(
  port: number,
  options: RequestOptions = {},
  body = '[]',
): Promise<{ status: number; shown: string; protocol: string }> {
  return new Promise((resolve, reject) => {
    request(
      { port, host: '127.0.0.1', method: 'POST', path: '/v1/reports', ca: authority.cert, agent: false, ...options },
      (response) => {
        const socket = response.socket as TLSSocket;
        resolve({
          status: response.statusCode!,
          shown: socket.getPeerX509Certificate()!.fingerprint256,
          protocol: socket.getProtocol()!,
        });
        response.resume();
      },
    )
      .on('error', reject)
      .end(body);
  });
}

test('says https, and takes reports over it', async () => {
  const { context, port } = await start(files());
  expect(context.messages()[0]).toBe(`Listening for reports on https://127.0.0.1:${port}/v1/reports`);
  expect((await post(port)).status).toBe(200);
});

test('takes long bodies over it, whose pieces share memory with nothing', async () => {
  const { ledger, port } = await start(files());
  const reports = Array.from({ length: 8000 }, (_, i) =>
    reportText({ cidr: `10.0.${i >> 8}.${i & 255}/32`, kind: 'x' }),
  );
  const half = reports.length / 2;
  expect((await post(port, {}, `[${reports.slice(0, half).join(',')}]`)).status).toBe(200);
  expect((await post(port, {}, `[${reports.slice(half).join(',')}]`)).status).toBe(200);
  expect(ledger.reports('couic').length).toBe(reports.length);
  expect(new Set(ledger.reports('couic').map(({ entry }) => entry.cidr)).size).toBe(reports.length);
});

test('min_version keeps older protocols out', async () => {
  const { context, port } = await start({ ...files(), min_version: '1.3' });
  expect((await post(port)).protocol).toBe('TLSv1.3');
  await expect(post(port, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/);
  await expect.poll(() => context.points('couic.bridge.receiver.refused_requests')).toEqual([[{ reason: 'tls' }, 1]]);
});

describe('with client_ca_file', () => {
  test('a client with a certificate of the authority is let in', async () => {
    const { port } = await start(mutual());
    expect((await post(port, await authority.issue('couic'))).status).toBe(200);
  });

  test.each([
    ['none', async () => ({}), 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    ['one of another authority', () => stranger.issue('couic'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['one that has expired', () => authority.issue('couic', PAST), 'CERT_HAS_EXPIRED'],
  ])('a client with %s is not, and the log says why', async (_name, issue, error) => {
    const { context, ledger, port } = await start(mutual());
    await expect(post(port, await issue())).rejects.toThrow();
    await expect
      .poll(() => context.lines.find(({ code }) => code === 'ERR_TLS'))
      .toMatchObject({
        error,
        msg: 'Refused a request: the TLS handshake failed; with client_ca_file, the client has to show a valid certificate of that authority',
      });
    expect(await context.points('couic.bridge.receiver.refused_requests')).toEqual([[{ reason: 'tls' }, 1]]);
    expect(ledger.bodies).toEqual([]);
  });
});

describe('when the files change', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    return () => vi.useRealTimers();
  });
  const look = () => vi.advanceTimersByTime(10_000);

  test('new connections get the new certificate', async () => {
    const { context, port } = await start(files());
    const renewed = await authority.issue('renewed');
    write(renewed);
    look();
    await expect.poll(() => context.messages()).toContain('TLS files reloaded; new connections use them');
    expect((await post(port)).shown).toBe(new X509Certificate(renewed.cert).fingerprint256);
  });

  test('half of a new pair leaves the old one in use until the other half is there', async () => {
    const { context, port } = await start(files());
    const renewed = await authority.issue('renewed');
    write({ cert: renewed.cert });
    look();
    const problem = expect.stringMatching(
      /^The TLS files have changed and cannot be used; the old ones stay in use\. .*key/,
    );
    await expect.poll(() => context.messages()).toContainEqual(problem);
    look();
    expect((await post(port)).status).toBe(200);
    expect(context.lines.filter(({ level }) => level === 50)).toHaveLength(1);

    write({ key: renewed.key });
    look();
    await expect.poll(() => context.messages()).toContain('TLS files reloaded; new connections use them');
  });

  test('another authority for clients counts too', async () => {
    const { context, port } = await start(mutual());
    writeFileSync(join(directory, 'clients.pem'), stranger.cert);
    look();
    await expect.poll(() => context.messages()).toContain('TLS files reloaded; new connections use them');
    expect((await post(port, await stranger.issue('couic'))).status).toBe(200);
    await expect(post(port, await authority.issue('couic'))).rejects.toThrow();
  });
});

describe('files that cannot be used', () => {
  test('are an error that names them', async () => {
    await expect(start({ ...files(), key_file: join(directory, 'none.pem') })).rejects.toThrow(
      /^tls.key_file: cannot read .*none\.pem/,
    );
    write({ key: 'nonsense' });
    await expect(start(files())).rejects.toThrow(/^tls: the files cannot be used: .*key_file its PEM key/);
  });

  test('an expired certificate is complained of, since no Couic would send to it', async () => {
    write(await authority.issue('bridge', PAST));
    const { context, port } = await start(files());
    expect(context.messages()).toContainEqual(
      expect.stringMatching(
        /^The certificate in tls\.cert_file was valid until Jan {2}2 00:00:00 2020 GMT: clients refuse it/,
      ),
    );
    await expect(post(port)).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' });
  });
});
