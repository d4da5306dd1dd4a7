import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { lineOf } from '../../plugins/exporters/file/lines.ts';
import { schema } from '../../plugins/exporters/otlp_http/config.ts';
import { otlpLogsSink } from '../../plugins/exporters/otlp_http/logs-sink.ts';
import { logSource } from '../../src/events/formats/otlp.ts';
import { exporterContext } from '../support/exporter-context.ts';
import { MetricsSink } from '../support/metrics-sink.ts';
import { addedEvent, quarantinedEvent } from '../support/sample-events.ts';
import { describeWith } from './tools/describe-with.ts';
import { freePort } from './tools/free-port.ts';
import { RunningProcess } from './tools/running-process.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describeWith(['otelcol'], 'Events in a Collector', ({ otelcol }) => {
  test('it takes them as protobuf, and the lines of otlp_json, and hands on the same', async () => {
    const behind = new MetricsSink();
    const endpoint = await behind.open();
    ends.push(() => behind.close());
    const directory = await mkdtemp(join(tmpdir(), 'conformance-collector-logs-'));
    ends.push(() => rm(directory, { recursive: true, force: true }));
    const listening = `127.0.0.1:${await freePort()}`;
    const config = {
      receivers: { otlp: { protocols: { http: { endpoint: listening } } } },
      exporters: { otlp_http: { endpoint, encoding: 'json', compression: 'none' } },
      service: {
        pipelines: { logs: { receivers: ['otlp'], exporters: ['otlp_http'] } },
        telemetry: { metrics: { level: 'none' } },
      },
    };
    const file = join(directory, 'collector.yaml');
    await writeFile(file, JSON.stringify(config));
    const args = ['--config', file];
    const collector = await RunningProcess.start({ file: otelcol, args, ready: [/Everything is ready/] });
    ends.push(() => collector.stop());
    const context = exporterContext();
    const sink = otlpLogsSink(context, schema.parse({ endpoint: `http://${listening}` }));
    ends.push(() => sink.close());
    await sink.open();
    const extra = { huge: 1e300, lone: '\ud800', list: [1, 'a', null, { b: -5 }] };
    const event = addedEvent({ metadata: { detail: 'a\nb', extra } });
    expect(await sink.send([event, quarantinedEvent()], new AbortController().signal)).toEqual({ refused: [] });
    const body = lineOf('otlp_json', event, logSource(context));
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://${listening}/v1/logs`, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
    const records = () =>
      behind.requests
        .map((request) => JSON.parse(request.body.toString('utf8')))
        .flatMap((request) => request.resourceLogs[0].scopeLogs[0].logRecords);
    await expect.poll(() => records().length, { timeout: 10_000 }).toBe(3);
    const [first, second, fromLine] = records();
    expect(first).toMatchObject({ eventName: 'couic.rule.added', severityText: 'INFO' });
    expect(first.attributes[0]).toEqual({ key: 'event.id', value: { stringValue: event.id } });
    expect(second).toMatchObject({ eventName: 'couic.report.quarantined', severityText: 'WARN' });
    expect(fromLine).toEqual(first);
    expect(collector.output).not.toMatch(/\t(warn|error)\t/);
  });
});
