import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type JetStreamStorageConfig, schema } from '../../plugins/extensions/jetstream_storage/config.ts';
import { connectTo } from '../../plugins/extensions/jetstream_storage/connect.ts';
import { systemClock } from '../../src/clock.ts';
import { JetStreamEngine } from '../../src/log/jetstream/engine.ts';
import { LogRunner } from '../../src/log/runner.ts';
import { Health } from '../../src/telemetry/health.ts';
import { bytes, ForgettingFold } from '../log/folds.ts';
import { makeAuthority } from '../support/certificates.ts';
import { ClusterBridge } from './tools/cluster-bridge.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';
import { Operator } from './tools/jwt.ts';
import { NatsNode } from './tools/nats-node.ts';

const silent = pino({ enabled: false });

describeWithNats('credentials', (binary) => {
  async function server(config: string): Promise<NatsNode> {
    const node = await NatsNode.make({ binary, config });
    await node.start();
    onTestFinished(() => node.remove());
    return node;
  }

  /** All that a bridge does with a log: it makes it, writes, reads, cuts, and erases. */
  async function work(options: object): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), 'couic-credentials-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const config: JetStreamStorageConfig = schema.parse({ replicas: 1, directory, max_bytes: 2 ** 26, ...options });
    const engine = new JetStreamEngine({
      connect: () => connectTo(config, 'test'),
      stream: config.stream,
      replicas: 1,
      maxBytes: config.max_bytes,
      directory,
      clock: systemClock,
      health: new Health(),
      logger: silent,
    });
    const runner = new LogRunner({ engine, clock: systemClock, logger: silent, minimumLogBytes: 1000 });
    const fold = new ForgettingFold();
    runner.attach('list', fold);
    const reader = runner.reader('sink');
    await runner.load();
    for (let i = 0; i < 100; i++)
      await runner.topic('list').append(bytes(`${i} secret`.padEnd(50)), { expect: runner.topic('list').last });
    for await (const { topic } of reader.read(new AbortController().signal)) if (topic === 'list') break;
    const scrub = (text: Uint8Array) => {
      const at = Buffer.from(text.buffer, text.byteOffset, text.byteLength).indexOf('secret');
      if (at !== -1) text.fill(0x2d, at, at + 6);
      return at !== -1;
    };
    expect(await runner.erase({ isWord: false, scrub }, bytes('note'))).toMatchObject({ stillIn: [] });
    await reader.retain(runner.topic('list').last);
    await runner.close();
    expect(fold.records).toHaveLength(100);
  }

  test('a user with the permissions of deploy/cluster, and no others', async () => {
    const deployed = await readFile('deploy/cluster/nats.conf', 'utf8');
    const authorization = deployed
      .slice(deployed.indexOf('authorization {'))
      .replace('$NATS_PASSWORD', 'good-password');
    const { server: address } = await server(authorization);
    await work({ servers: [address], user: 'bridge', password: 'good-password' });
    await expect(work({ servers: [address], user: 'bridge', password: 'wrong' })).rejects.toThrow(
      /cannot be reached, or take no such client: .*[Aa]uthorization/,
    );
  });

  test('an nkey', async () => {
    const user = nkeys.createUser();
    const { server: address } = await server(`authorization {users: [{nkey: ${user.getPublicKey()}}]}`);
    await work({ servers: [address], nkey: new TextDecoder().decode(user.getSeed()) });
  });

  test('a JWT of an operator; one of somebody else, or one that is over, is told what to do', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'couic-creds-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const operator = new Operator();
    const { server: address } = await server(operator.config);
    const file = async (name: string, text: string) => {
      await writeFile(join(directory, name), text);
      return { servers: [address], credentials_file: join(directory, name) };
    };
    await work(await file('good.creds', operator.user()));
    for (const [name, text] of [
      ['other.creds', new Operator().user()],
      ['over.creds', operator.user(-60)],
    ] as const)
      await expect(work(await file(name, text))).rejects.toThrow(
        'take no such client: Authorization Violation. Is what credentials_file names of this account, and not over? nsc generate creds writes another one',
      );
    await expect(work(await file('no.creds', 'nothing of the kind'))).rejects.toThrow(
      `${join(directory, 'no.creds')} holds no credentials`,
    );
    await expect(work({ servers: [address], credentials_file: join(directory, 'none.creds') })).rejects.toThrow(
      'credentials_file: cannot read',
    );
  });

  test('a bridge whose JWT ends while it runs says so, and goes on by itself with the next one', async () => {
    const operator = new Operator();
    const node = await server(operator.config);
    const bridge = await ClusterBridge.make({
      natsPorts: [node.port],
      stream: 'jwt',
      instances: [{ name: 'edge', token: '550e8400-e29b-41d4-a716-446655440000' }],
      storage: { replicas: 1, credentials_file: 'bridge.creds' },
    });
    onTestFinished(() => bridge.remove());
    const creds = join(bridge.process.directory, 'bridge.creds');
    await writeFile(creds, operator.user(8));
    await bridge.start();
    const health = async () => (await fetch(`http://127.0.0.1:${bridge.healthPort}/`)).text();
    const status = async () => (await fetch(`http://127.0.0.1:${bridge.healthPort}/`)).status;
    const soon = { timeout: 40_000, interval: 200 };
    await vi.waitFor(async () => expect(await health()).toContain('take this client no more'), soon);
    expect(bridge.process.output).toContain('renew what it shows them');
    await writeFile(creds, operator.user());
    await vi.waitFor(async () => expect(await status()).toBe(200), soon);
    expect(bridge.starts).toBe(1);
  });

  test('a client certificate, and the name of the server checked', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'couic-tls-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const authority = await makeAuthority();
    const issued = await authority.issue('bridge');
    const file = async (name: string, text: string) => {
      await writeFile(join(directory, name), text);
      return join(directory, name);
    };
    const ca = await file('ca.pem', authority.cert);
    const cert = await file('cert.pem', issued.cert);
    const key = await file('key.pem', issued.key);
    const node = await server(`tls {cert_file: "${cert}", key_file: "${key}", ca_file: "${ca}", verify: true}`);
    const tls = { ca_file: ca, cert_file: cert, key_file: key };
    await work({ servers: [`tls://localhost:${node.port}`], tls });
    await expect(work({ servers: [`tls://localhost:${node.port}`], tls: { ca_file: ca } })).rejects.toThrow(
      'cannot be reached, or take no such client',
    );
    await expect(
      work({ servers: [`tls://localhost:${node.port}`], tls: { cert_file: cert, key_file: key } }),
    ).rejects.toThrow('cannot be reached, or take no such client');
  });
});
