import { afterEach, expect, test } from 'vitest';
import { schema } from '../../plugins/exporters/syslog/config.ts';
import { TcpSink } from '../../plugins/exporters/syslog/tcp-sink.ts';
import { exporterContext } from '../support/exporter-context.ts';
import { addedEvent } from '../support/sample-events.ts';
import { BlockingBridge } from './tools/blocking-bridge.ts';
import { describeWith } from './tools/describe-with.ts';
import { Rsyslog } from './tools/rsyslog.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const never = new AbortController().signal;

describeWith(['rsyslogd'], 'Events in rsyslog', ({ rsyslogd }) => {
  const start = async (tls: boolean) => {
    const server = await Rsyslog.start(rsyslogd, tls);
    ends.push(() => server.stop());
    const options = {
      endpoint: '127.0.0.1',
      port: server.port,
      tls: tls ? { ca_file: server.caFile } : { insecure: true },
    };
    return { server, options };
  };
  const added = async (server: Rsyslog) =>
    (await server.messages()).flatMap(([id, data]) =>
      id === 'couic.rule.added' ? (/ id="([^"]+)"/.exec(data!)?.[1] ?? []) : [],
    );

  test.each([
    ['TCP', false],
    ['TLS', true],
  ])('over %s: every event arrives, though the server is killed in between', async (_name, tls) => {
    const { server, options } = await start(tls);
    const retry_on_failure = { initial_interval: '100ms', max_interval: '500ms' };
    const bridge = await BlockingBridge.start({ syslog: { ...options, retry_on_failure } });
    ends.push(() => bridge.stop());
    for (let kill = 0; kill < 3; kill++) {
      await bridge.block(50);
      await server.kill();
      await bridge.block(50);
      await server.run();
    }
    await bridge.killAndStart();
    await bridge.block(1);
    await expect
      .poll(async () => new Set(await added(server)).size, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(bridge.blocked);
  });

  test('nothing in a report makes a second message, and rsyslog reads back what was written', async () => {
    const { server, options } = await start(false);
    const sink = new TcpSink(exporterContext(), schema.parse(options));
    ends.push(() => sink.close());
    await sink.open();
    const detail = 'x"] forged\n<165>1 - - - - - second\\ \0 é';
    const long = 'y'.repeat(16_000);
    await sink.send([addedEvent({ metadata: { detail } }), addedEvent({ metadata: { detail: long } })], never);
    await expect.poll(async () => (await server.messages()).length).toBeGreaterThanOrEqual(2);
    const [first, second, ...more] = (await server.messages()).filter(([id]) => id === 'couic.rule.added');
    expect(more).toEqual([]);
    expect(first?.[1]).toContain('detail="x\\"\\] forged\\\\n<165>1 - - - - - second\\\\ \ufffd é"');
    expect(second?.[1]).toMatch(/ cut="true"\]$/);
  });
});
