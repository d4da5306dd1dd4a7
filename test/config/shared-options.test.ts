import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { retrySchema, retrySchemaWith } from '../../src/config/retry.ts';
import { loadClientTls, loadServerTls, tlsClientSchema, tlsServerSchema } from '../../src/config/tls.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bridge-options-'));
  await writeFile(join(directory, 'cert.pem'), 'CERT');
  await writeFile(join(directory, 'key.pem'), 'KEY');
  await writeFile(join(directory, 'ca.pem'), 'CA');
});
afterAll(() => rm(directory, { recursive: true }));

test('retry_on_failure has the defaults of the Collector, but for ever unless told', () => {
  expect(retrySchema.prefault({}).parse(undefined)).toEqual({
    enabled: true,
    initial_interval: 5000,
    randomization_factor: 0.5,
    multiplier: 1.5,
    max_interval: 30_000,
    max_elapsed_time: 0,
  });
  expect(retrySchemaWith('5m').parse({}).max_elapsed_time).toBe(300_000);
});

test('a client certificate and its key go together', () => {
  const result = tlsClientSchema.safeParse({ cert_file: 'a.pem' });
  expect(result.error?.issues.map((issue) => issue.message)).toEqual([
    'cert_file and key_file go together: give both or neither',
  ]);
  expect(tlsClientSchema.parse({})).toEqual({ min_version: '1.2', insecure_skip_verify: false });
});

test('min_version may be written without quotes; old ones are refused', () => {
  expect(tlsClientSchema.parse({ min_version: 1.3 }).min_version).toBe('1.3');
  expect(tlsClientSchema.safeParse({ min_version: '1.1' }).error?.issues[0]?.message).toBe('expected "1.2" or "1.3"');
});

test('a listener with client_ca_file asks every client for a certificate', async () => {
  const files = { cert_file: join(directory, 'cert.pem'), key_file: join(directory, 'key.pem') };
  expect(await loadServerTls(tlsServerSchema.parse(files))).toEqual({
    cert: Buffer.from('CERT'),
    key: Buffer.from('KEY'),
    minVersion: 'TLSv1.2',
    requestCert: false,
    rejectUnauthorized: false,
  });
  const mutual = await loadServerTls(tlsServerSchema.parse({ ...files, client_ca_file: join(directory, 'ca.pem') }));
  expect(mutual).toMatchObject({ ca: Buffer.from('CA'), requestCert: true, rejectUnauthorized: true });
});

test('a client verifies the server unless told otherwise', async () => {
  const config = tlsClientSchema.parse({ ca_file: join(directory, 'ca.pem') });
  expect(await loadClientTls(config)).toEqual({
    ca: Buffer.from('CA'),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  });
  expect(await loadClientTls({ ...config, insecure_skip_verify: true })).toMatchObject({ rejectUnauthorized: false });
});

test('a file that cannot be read is named with its option', async () => {
  const missing = join(directory, 'missing.pem');
  await expect(loadClientTls(tlsClientSchema.parse({ ca_file: missing }))).rejects.toThrow(
    `tls.ca_file: cannot read ${missing}: ENOENT`,
  );
});
