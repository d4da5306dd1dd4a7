import { afterEach, expect, test } from 'vitest';
import { schema as elasticsearch } from '../../plugins/exporters/elasticsearch/config.ts';
import { ElasticsearchSink } from '../../plugins/exporters/elasticsearch/sink.ts';
import { schema as splunkHec } from '../../plugins/exporters/splunk_hec/config.ts';
import { SplunkHecSink } from '../../plugins/exporters/splunk_hec/sink.ts';
import type { EventSink } from '../../src/events/sink.ts';
import { addedEvent } from '../support/sample-events.ts';
import { awkwardMetadata } from './tools/awkward-metadata.ts';
import { BlockingBridge } from './tools/blocking-bridge.ts';
import { describeWith } from './tools/describe-with.ts';
import { VictoriaLogs } from './tools/victoria-logs.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const never = new AbortController().signal;

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

  const sinks: Readonly<Record<string, (url: string) => EventSink>> = {
    elasticsearch: (url) => new ElasticsearchSink(elasticsearch.parse(bulk(url)), { version: '1.2.3' }),
    splunk_hec: (url) => new SplunkHecSink(splunkHec.parse(hec(url)), '1.2.3'),
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
