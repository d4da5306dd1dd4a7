import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { schema as elasticsearch } from '../../plugins/exporters/elasticsearch/config.ts';
import { elasticsearchSink } from '../../plugins/exporters/elasticsearch/sink.ts';
import { schema as splunkHec } from '../../plugins/exporters/splunk_hec/config.ts';
import { splunkHecSink } from '../../plugins/exporters/splunk_hec/sink.ts';
import type { EventSink } from '../../src/events/sink.ts';
import type { Explanation } from '../../src/service/admin/rules.ts';
import { BulkServer } from '../support/bulk-api/server.ts';
import { SimulatedFirewall } from '../support/couic-sim/firewall.ts';
import { CouicSender } from '../support/couic-sim/sender.ts';
import { found } from '../support/found-in-files.ts';
import { addedEvent } from '../support/sample-events.ts';
import { awkwardMetadata } from './tools/awkward-metadata.ts';
import { BlockingBridge } from './tools/blocking-bridge.ts';
import { BridgeProcess } from './tools/bridge-process.ts';
import { describeWith } from './tools/describe-with.ts';
import { freePort } from './tools/free-port.ts';
import { VictoriaLogs } from './tools/victoria-logs.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const never = new AbortController().signal;
const TOKEN = randomUUID();
const readIn = (directory: string, name: string) => (name === 'admin.sock' ? '' : readFileSync(join(directory, name)));

/** A bridge on a port that it keeps over kills, with a sink that is there and one that is not. */
function reportedTo(port: number, there: object, away: string) {
  return {
    receivers: { couic: { endpoint: `127.0.0.1:${port}`, instances: [{ name: 'paris', token: TOKEN }] } },
    exporters: {
      prometheus: { endpoint: '127.0.0.1:0' },
      elasticsearch: there,
      'elasticsearch/away': { endpoint: away, retry_on_failure: { max_interval: '1s' } },
    },
    extensions: { file_storage: { directory: 'DIRECTORY' } },
    service: {
      extensions: ['file_storage'],
      pipelines: {
        metrics: { receivers: ['couic'], exporters: ['prometheus'] },
        logs: { receivers: ['couic'], exporters: ['elasticsearch', 'elasticsearch/away'] },
      },
    },
  };
}

/** As the exporters' pages have it. */
const bulk = (url: string) => ({
  endpoint: `${url}/insert/elasticsearch`,
  headers: {
    'VL-Msg-Field': 'message',
    'VL-Time-Field': '@timestamp',
    'VL-Stream-Fields': 'observer.name,event.action',
  },
});
const hec = (url: string) => ({ endpoint: `${url}/insert/splunk/services/collector/event`, token: 'any' });
const otlp = (url: string) => ({ logs_endpoint: `${url}/insert/opentelemetry/v1/logs` });

describeWith(['victorialogs'], 'Events in VictoriaLogs', ({ victorialogs }) => {
  const start = async () => {
    const logs = await VictoriaLogs.start(victorialogs);
    ends.push(() => logs.stop());
    return logs;
  };
  const idsOf = async (logs: VictoriaLogs, filter: string) =>
    (await logs.query(`${filter} | fields event.id`)).map((line) => line['event.id'] as string);

  test.each([
    ['elasticsearch', bulk, '"ecs.version":*'],
    ['splunk_hec', hec, 'sourcetype:"couic:event"'],
    ['otlp_http', otlp, '"log.record.uid":*'],
  ] as const)(
    'by %s: a block is found by its detail, under one id after ten kills of the bridge',
    async (type, options, own) => {
      const logs = await start();
      const bridge = await BlockingBridge.start({ [type]: options(logs.url) });
      ends.push(() => bridge.stop());
      await bridge.block(1);
      await expect.poll(() => logs.query('knocked number0'), { timeout: 3000 }).toHaveLength(1);
      for (let kill = 0; kill < 10; kill++) {
        await bridge.block(50);
        await new Promise((resolve) => setTimeout(resolve, kill * 25));
        await bridge.killAndStart();
      }
      await expect
        .poll(async () => new Set(await idsOf(logs, own)).size, { timeout: 30_000 })
        .toBeGreaterThanOrEqual(bridge.blocked);
      const found = await logs.query('knocked number0 | uniq by (event.id)');
      expect(found).toHaveLength(1);
      const ids = await idsOf(logs, own);
      expect(new Set(ids).size).toBe(bridge.blocked);
      expect(logs.complaints).toEqual([]);
    },
  );

  test('a block of a simulated Couic: found by its detail at once, under one id after ten kills, and after erase nowhere in the bridge', async () => {
    const logs = await start();
    const away = await new BulkServer(Math.random).start();
    ends.push(() => away.stop());
    away.faulty = 0;
    await away.stop();
    const bridge = await BridgeProcess.start(reportedTo(await freePort(), bulk(logs.url), away.url));
    ends.push(() => bridge.stop());
    const sender = new CouicSender({ webhook: `${bridge.webhook}/${TOKEN}` });
    ends.push(() => sender.stop());
    const firewall = new SimulatedFirewall({
      now: () => Math.floor(Date.now() / 1000),
      report: (report) => void sender.offer(report),
    });
    sender.start();

    const metadata = { kind: 'automated', detail: 'hydra from a hosted machine', extra: { attempts: 4711 } };
    firewall.add('drop', '198.51.100.77/32', { tag: 'ssh', lifetime: 0, metadata });
    await sender.drained();
    // About a second, on a machine that does nothing else.
    await expect.poll(() => logs.query('hydra'), { timeout: 5000, interval: 50 }).toHaveLength(1);

    for (let kill = 0; kill < 10; kill++) {
      firewall.add('drop', `203.0.113.${kill}/32`, {
        tag: 'ssh',
        lifetime: 0,
        metadata: { ...metadata, detail: 'another' },
      });
      await new Promise((resolve) => setTimeout(resolve, kill * 25));
      await bridge.killAndStart();
    }
    firewall.remove('drop', '198.51.100.77/32');
    firewall.flush();
    await sender.drained();
    await expect.poll(() => logs.query('"event.action":"couic.rule.removed"'), { timeout: 10_000 }).not.toEqual([]);
    const named = await logs.query('"198.51.100.77" | uniq by (event.id, event.action)');
    expect(named.map((line) => line['event.action']).sort()).toEqual(['couic.rule.added', 'couic.rule.removed']);

    // The other sink was away all the time: its events are in the log.
    const kept = () => readdirSync(bridge.data).filter((name) => readIn(bridge.data, name).includes('hydra from'));
    expect([found(bridge.data, '198.51.100.77').length > 0, kept().length > 0]).toEqual([true, true]);
    expect(await bridge.command('erase', '198.51.100.77')).toContain('Erased 198.51.100.77/32');
    expect([found(bridge.data, '198.51.100.77'), kept()]).toEqual([[], []]);
    const { history } = JSON.parse(await bridge.command('explain', '198.51.100.77', '--json')) as Explanation;
    expect(history.events).toEqual([]);
    // It comes back, and gets the others.
    await away.start();
    await expect.poll(() => away.byAction(), { timeout: 30_000 }).toEqual({ 'paris couic.rule.added': 10 });
  });

  const sinks: Readonly<Record<string, (url: string) => EventSink>> = {
    elasticsearch: (url) => elasticsearchSink(elasticsearch.parse(bulk(url)), { version: '1.2.3' }),
    splunk_hec: (url) => splunkHecSink(splunkHec.parse(hec(url)), '1.2.3'),
  };

  test.each(Object.keys(sinks))('by %s: whatever came as metadata, no event is dropped for it', async (type) => {
    const logs = await start();
    const sink = sinks[type]!(logs.url);
    ends.push(async () => sink.close?.());
    const time = Date.now();
    const events = awkwardMetadata().map((metadata, index) => addedEvent({ id: `awkward-${index}`, time, metadata }));
    expect(await sink.send(events, never)).toEqual({ refused: [] });
    await expect.poll(async () => (await idsOf(logs, '*')).length, { timeout: 10_000 }).toBe(events.length);
    expect(logs.complaints).toEqual([]);
  });

  test('one event that it cannot read the time of: set aside, and the others arrive', async () => {
    const logs = await start();
    const sink = sinks.elasticsearch!(logs.url);
    ends.push(async () => sink.close?.());
    const events = Array.from({ length: 20 }, (_, index) =>
      addedEvent({ id: `e-${index}`, time: index === 13 ? -62_135_596_800_000 : Date.now() }),
    );
    expect(await sink.send(events, never)).toMatchObject({
      refused: [{ event: { id: 'e-13' }, reason: 'status_400' }],
    });
    await expect.poll(async () => new Set(await idsOf(logs, '*')).size, { timeout: 10_000 }).toBe(19);
  });
});
