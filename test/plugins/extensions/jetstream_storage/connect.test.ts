import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { schema } from '../../../../plugins/extensions/jetstream_storage/config.ts';
import { connectTo } from '../../../../plugins/extensions/jetstream_storage/connect.ts';
import { freePort } from '../../../support/free-port.ts';

const refusal = async (options: object) => {
  try {
    await (await connectTo(schema.parse(options), 'test')).close();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

const looked = (server: string) =>
  `Does nats-server run there, is it its address and its port for clients (4222, unless it was told another), and does a firewall let this host through? NATS's own tool tries it: nats server check connection --server ${server}`;

test('where nobody listens, the message says what to look at, and nothing of the password', async () => {
  const server = `nats://127.0.0.1:${await freePort()}`;
  expect(await refusal({ servers: [server], user: 'bridge', password: 'p4ssw0rd' })).toBe(
    `${server} cannot be reached, or take no such client: connection refused. ${looked(server)}`,
  );
});

test('the same where a name is unknown, and where something else answers', async () => {
  const unknown = 'nats://no-such-host.invalid:4222';
  expect(await refusal({ servers: [unknown], user: 'a', password: 'b' })).toContain(looked(unknown));
  const tls = `tls://127.0.0.1:${await freePort()}`;
  expect(await refusal({ servers: [tls], user: 'a', password: 'b' })).toContain(
    `${looked(tls)}. A TLS handshake that it broke off is in its log`,
  );
  const other = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  onTestFinished(() => void other.close());
  await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const server = `nats://127.0.0.1:${port}`;
  expect(await refusal({ servers: [server] })).toContain(`unexpected response from server. ${looked(server)}`);
});
