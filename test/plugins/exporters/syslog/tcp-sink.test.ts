import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { schema } from '../../../../plugins/exporters/syslog/config.ts';
import { TcpSink } from '../../../../plugins/exporters/syslog/tcp-sink.ts';
import { makeAuthority } from '../../../support/certificates.ts';
import { exporterContext } from '../../../support/exporter-context.ts';
import { FakeTime, until } from '../../../support/fake-time.ts';
import { parseSyslog } from '../../../support/parse-syslog.ts';
import { addedEvent } from '../../../support/sample-events.ts';
import { StreamServer } from '../../../support/stream-server.ts';

const never = new AbortController().signal;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function build(options: Record<string, unknown> = {}, server = new StreamServer()) {
  ends.push(() => server.kill());
  const port = await server.open();
  const time = new FakeTime();
  const context = exporterContext({ id: 'syslog', clock: time });
  const config = schema.parse({ endpoint: '127.0.0.1', port, tls: { insecure: true }, hostname: 'edge', ...options });
  const sink = new TcpSink(context, config, time.sleep);
  ends.push(() => sink.close());
  return { server, port, time, context, sink };
}

/** Messages by their counted length. */
function counted(text: string): string[] {
  const messages: string[] = [];
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    const [head, length] = /^(\d+) /.exec(rest.subarray(0, 10).toString('latin1')) as unknown as [string, string];
    messages.push(rest.subarray(head.length, head.length + Number(length)).toString('utf8'));
    rest = rest.subarray(head.length + Number(length));
  }
  return messages;
}

const idsIn = (text: string) => counted(text).map((message) => parseSyslog(message).data.id);
const events = (...ids: string[]) => ids.map((id) => addedEvent({ id, tag: 'é' }));

test('a message for each event, its bytes counted', async () => {
  const { server, sink } = await build();
  await sink.open();
  expect(await sink.send(events('a', 'b'), never)).toEqual({});
  expect(await sink.send(events('c'), never)).toEqual({});
  await until(() => server.text.includes('"c"'));
  expect(idsIn(server.text)).toEqual(['a', 'b', 'c']);
});

test('or ended by a line feed, which none has within', async () => {
  const { server, sink } = await build({ enable_octet_counting: false });
  await sink.open();
  await sink.send([addedEvent({ metadata: { detail: 'one\ntwo' } })], never);
  await until(() => server.text.endsWith('\n'));
  expect(server.text.split('\n')).toHaveLength(2);
  expect(parseSyslog(server.text.slice(0, -1)).data.detail).toBe('one\\ntwo');
});

test('what was written before a break is sent again, without another event', async () => {
  const { server, port, sink, context, time } = await build();
  await sink.open();
  await sink.send(events('a', 'b'), never);
  await until(() => server.text.includes('"b"'));
  server.chunks.length = 0;
  await server.kill();
  await until(() => time.waits.length > 0);
  expect(context.logged.filter((line) => line.startsWith('warn'))).toEqual([
    `warn tcp://127.0.0.1:${port} closed the connection, or it broke: nobody knows whether 2 events of the last 60 s arrived; what may be missing is sent again`,
  ]);
  await server.open(port);
  time.advance(10_000);
  await until(() => server.text.includes('"b"'));
  expect(idsIn(server.text)).toEqual(['a', 'b']);
});

test('before the events that come next', async () => {
  const { server, port, sink, time } = await build();
  await sink.open();
  await sink.send(events('a'), never);
  await until(() => server.text.includes('"a"'));
  await server.kill();
  await until(() => time.waits.length > 0);
  expect(await sink.send(events('b'), never)).toMatchObject({ reason: 'connection' });
  server.chunks.length = 0;
  await server.open(port);
  expect(await sink.send(events('b'), never)).toEqual({});
  await until(() => server.text.includes('"b"'));
  expect(idsIn(server.text)).toEqual(['a', 'b']);
});

test('what is older is not', async () => {
  const { server, port, sink, time, context } = await build({ resend_max_age: '10s' });
  await sink.open();
  await sink.send(events('a'), never);
  await until(() => server.text.includes('"a"'));
  time.advance(10_000);
  await server.kill();
  await server.open(port);
  server.chunks.length = 0;
  // The first one may be what notices the break.
  if ('reason' in (await sink.send(events('b'), never))) expect(await sink.send(events('b'), never)).toEqual({});
  await until(() => server.text.includes('"b"'));
  expect(idsIn(server.text)).toEqual(['b']);
  expect(context.logged.filter((line) => line.startsWith('warn'))).toEqual([]);
});

test('a server that drops every connection is not sent the same for ever', async () => {
  const { server, sink, time } = await build();
  await sink.open();
  await sink.send(events('a'), never);
  for (let times = 1; times <= 4; times++) {
    await until(() => server.text.split('"a"').length - 1 === times && server.sockets.length === 1);
    server.sockets.shift()!.resetAndDestroy();
    if (times < 4) continue;
    for (let turns = 0; turns < 20; turns++) {
      time.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  expect(server.text.split('"a"').length - 1).toBe(4);
  expect(server.sockets).toEqual([]);
});

test('over TLS, which is what it speaks unless told otherwise', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bridge-syslog-'));
  ends.push(() => rm(directory, { recursive: true }));
  const authority = await makeAuthority();
  const ca = join(directory, 'ca.pem');
  writeFileSync(ca, authority.cert);
  const server = new StreamServer(await authority.issue('syslog.example'));
  const { sink } = await build({ tls: { ca_file: ca } }, server);
  await sink.open();
  expect(sink.shown).toMatch(/^tls:\/\/127\.0\.0\.1:\d+$/);
  expect(await sink.send(events('a'), never)).toEqual({});
  await until(() => server.text.includes('"a"'));
  const wrong = await build({ tls: { ca_file: join(directory, 'none.pem') } });
  await expect(wrong.sink.open()).rejects.toThrow('tls.ca_file: cannot read');
});

test('what speaks no TLS is told of in the words of syslog', async () => {
  const greeting = createServer((socket) => socket.on('error', () => {}).write('220 no TLS here\r\n'));
  await once(greeting.listen(0, '127.0.0.1'), 'listening');
  ends.push(async () => greeting.close());
  const { port } = greeting.address() as AddressInfo;
  const { sink } = await build({ port, tls: {} });
  await sink.open();
  const said = await sink.send(events('a'), never);
  expect(said).toMatchObject({
    reason: 'tls',
    message: expect.stringMatching(/: what listens there .* tls\.insecure$/),
  });
  expect(said).not.toMatchObject({ message: expect.stringContaining('http') });
});

test('can be closed without having been opened, and twice', async () => {
  const { sink } = await build();
  await sink.close();
  await sink.close();
});
