import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configSchema } from '../../../../plugins/exporters/prometheus/config.ts';
import { PrometheusExporter } from '../../../../plugins/exporters/prometheus/exporter.ts';
import { type Authority, makeAuthority } from '../../../support/certificates.ts';
import { exporterContext, noDeadline } from '../../../support/exporter-context.ts';
import { FakeProducer } from '../../../support/fake-producer.ts';

let directory: string;
let authority: Authority;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'prometheus-tls-'));
  authority = await makeAuthority();
  const { cert, key } = await authority.issue('bridge');
  for (const [name, text] of Object.entries({ 'ca.pem': authority.cert, 'cert.pem': cert, 'key.pem': key })) {
    await writeFile(join(directory, name), text);
  }
});

afterAll(() => rm(directory, { recursive: true }));

const file = (name: string) => join(directory, name);

test('a scrape over TLS, by clients with a certificate only', async () => {
  const context = exporterContext({ producer: new FakeProducer() });
  const tls = { cert_file: file('cert.pem'), key_file: file('key.pem'), client_ca_file: file('ca.pem') };
  const exporter = new PrometheusExporter(context, configSchema.parse({ endpoint: '127.0.0.1:0', tls }));
  context.provider.register([exporter.reader]);
  await exporter.start();
  const url = `https://127.0.0.1:${exporter.endpoint!.port}/metrics`;
  const { cert, key } = await authority.issue('prometheus');
  const known = new Agent({ connect: { ca: authority.cert, cert, key } });
  const unknown = new Agent({ connect: { ca: authority.cert } });
  try {
    const response = await fetch(url, { dispatcher: known });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('target_info{')]);
    await expect(fetch(url, { dispatcher: unknown })).rejects.toThrow();
    expect(context.logged).toEqual([
      `info Metrics are at ${url}`,
      expect.stringMatching(/^warn Refused a request or a connection: the TLS handshake failed/),
    ]);
  } finally {
    await Promise.all([known.destroy(), unknown.destroy()]);
    await exporter.shutdown(noDeadline);
  }
});

test('a file that cannot be read is an error that names the option and the file', async () => {
  const tls = { cert_file: file('none.pem'), key_file: file('key.pem') };
  const exporter = new PrometheusExporter(
    exporterContext({ producer: new FakeProducer() }),
    configSchema.parse({ endpoint: '127.0.0.1:0', tls }),
  );
  await expect(exporter.start()).rejects.toThrow(`tls.cert_file: cannot read ${file('none.pem')}`);
  await exporter.shutdown(noDeadline);
});
