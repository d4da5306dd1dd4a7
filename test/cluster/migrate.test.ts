import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { BridgeUnderTest } from '../support/bridge-under-test.ts';
import { BulkServer } from '../support/bulk-api/server.ts';
import { seededRandom } from '../support/couic-sim/random.ts';
import { LapiServer } from '../support/lapi/server.ts';
import { sumByLabels } from '../support/parse-exposition.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';
import { NatsNode } from './tools/nats-node.ts';

const TOKEN = '550e8400-e29b-41d4-a716-446655440000';

describeWithNats('migrate', (binary) => {
  let node: NatsNode;
  beforeAll(async () => {
    node = await NatsNode.make({ binary });
    await node.start();
  });
  afterAll(() => node.remove());

  test('totals, start times, windows that wait and events come along, from a directory to a stream and back', async () => {
    const lapi = await new LapiServer().start();
    const siem = await new BulkServer(seededRandom(1)).start();
    siem.faulty = 0;
    const bridge = new BridgeUnderTest();
    onTestFinished(async () => {
      await bridge.remove();
      await lapi.stop();
      await siem.stop();
    });
    const write = (name: string, storage: object) => {
      const [id] = Object.keys(storage);
      const retry = { initial_interval: '100ms', max_interval: '200ms', max_elapsed_time: '0s' };
      const config = {
        receivers: { couic: { endpoint: '127.0.0.1:0', instances: [{ name: 'paris', token: TOKEN }] } },
        exporters: {
          prometheus: { endpoint: '127.0.0.1:0' },
          crowdsec: {
            endpoint: lapi.url,
            api_key: 'test-key',
            interval: '1s',
            heartbeat: false,
            retry_on_failure: { initial_interval: '100ms', max_interval: '200ms' },
          },
          elasticsearch: { endpoint: siem.url, retry_on_failure: retry },
        },
        extensions: storage,
        service: {
          extensions: [id],
          pipelines: {
            metrics: { receivers: ['couic'], exporters: ['prometheus', 'crowdsec'] },
            logs: { receivers: ['couic'], exporters: ['elasticsearch'] },
          },
        },
      };
      writeFileSync(join(bridge.directory, name), JSON.stringify(config));
    };
    write('config.yaml', { file_storage: { directory: './first' } });
    write('stream.yaml', {
      jetstream_storage: { servers: [node.server], replicas: 1, max_bytes: 64 * 1024 * 1024, directory: './second' },
    });
    write('back.yaml', { file_storage: { directory: './third' } });
    let sent = 0;
    const send = async (count: number) => {
      const reports = Array.from({ length: count }, () => ({
        action: 'add',
        policy: 'drop',
        entry: { creation: Math.floor(Date.now() / 1000), cidr: `192.0.2.${sent++}/32`, tag: 'ssh', expiration: 0 },
        metadata: { kind: 'manual' },
      }));
      const url = `${bridge.urlOf('Listening for reports on')}/${TOKEN}`;
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(reports) });
      expect(answer.status).toBe(200);
    };
    const shown = async () => sumByLabels(await bridge.scrape(), 'couic_reports_total', ['couic_instance_name']).paris;
    const migrate = (from: string, to: string) => bridge.run(['migrate', '--config', from, '--to', to]);
    const start = async (name: string) => {
      bridge.output = '';
      await bridge.start({}, name);
    };
    const settled = async () =>
      vi.waitFor(
        () => {
          expect(lapi.counts()['couic:ssh']?.dropped?.report).toBe(sent);
          expect(siem.byAction()['paris couic.rule.added']).toBe(sent);
        },
        { timeout: 20_000, interval: 100 },
      );

    await start('config.yaml');
    await send(3);
    await settled();
    // Nobody takes windows or events: they wait.
    await lapi.stop();
    await siem.stop();
    await send(2);
    expect(await bridge.stop()).toBe(0);
    expect(await migrate('config.yaml', 'stream.yaml')).toBe(0);
    expect(bridge.output).toMatch(/Copied the log up to position \d+, \d+ entries of it, and its newest snapshot/);
    expect(bridge.output).toContain('Start the bridge with stream.yaml now, and none on ./first any more.');
    expect(await migrate('config.yaml', 'stream.yaml')).toBe(1);

    await start('stream.yaml');
    expect(bridge.output).toContain('Went on with what was counted since');
    expect(await shown()).toBe(5);
    await send(2);
    expect(await bridge.stop()).toBe(0);
    expect(await migrate('stream.yaml', 'back.yaml')).toBe(0);
    // What the log lies in, and not this bridge's own directory beside it.
    expect(bridge.output).toContain(`and none on stream couic-otel of ${node.server} any more.`);

    await lapi.start();
    await siem.start();
    write('back.yaml', { file_storage: { directory: './third' } });
    await start('back.yaml');
    expect(await shown()).toBe(7);
    await send(1);
    await settled();
    expect(await bridge.stop()).toBe(0);
  }, 120_000);
});
