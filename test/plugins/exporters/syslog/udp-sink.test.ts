import { createSocket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { schema } from '../../../../plugins/exporters/syslog/config.ts';
import { UdpSink } from '../../../../plugins/exporters/syslog/udp-sink.ts';
import { until } from '../../../support/fake-time.ts';
import { parseSyslog } from '../../../support/parse-syslog.ts';
import { addedEvent } from '../../../support/sample-events.ts';

const never = new AbortController().signal;
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function receiver() {
  const socket = createSocket('udp4');
  const datagrams: Buffer[] = [];
  socket.on('message', (datagram) => datagrams.push(datagram));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  ends.push(() => socket.close());
  return { datagrams, port: socket.address().port };
}

test('a datagram for each event, none larger than it may be', async () => {
  const { datagrams, port } = await receiver();
  const sink = new UdpSink(schema.parse({ endpoint: '127.0.0.1', port, network: 'udp' }));
  const long = addedEvent({ id: 'b', metadata: { detail: 'x'.repeat(16_000) } });
  expect(await sink.send([addedEvent({ id: 'a' }), long], never)).toEqual({});
  await until(() => datagrams.length === 2);
  const [a, b] = datagrams.map((datagram) => parseSyslog(datagram.toString('utf8')).data);
  expect(a).toMatchObject({ id: 'a' });
  expect(a).not.toHaveProperty('cut');
  expect(b).toMatchObject({ id: 'b', cut: 'true' });
  expect(datagrams[1]!.length).toBeLessThanOrEqual(1400);
});

test('a host that answers that nobody listens: the batch is tried again', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  socket.close();
  const sink = new UdpSink(schema.parse({ endpoint: '127.0.0.1', port, network: 'udp' }));
  expect(await sink.send([addedEvent()], never)).toMatchObject({ reason: 'connection' });
});

test('a name that nobody knows', async () => {
  const sink = new UdpSink(schema.parse({ endpoint: 'nowhere.invalid', network: 'udp' }));
  expect(await sink.send([addedEvent()], never)).toMatchObject({ reason: 'connection' });
});
