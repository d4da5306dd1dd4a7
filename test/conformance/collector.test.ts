import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { schema as otlpSchema } from '../../plugins/exporters/otlp_http/config.ts';
import { otlpHttpProtocol } from '../../plugins/exporters/otlp_http/protocol.ts';
import { configSchema } from '../../plugins/exporters/prometheus/config.ts';
import { PrometheusExporter } from '../../plugins/exporters/prometheus/exporter.ts';
import { formatEndpoint } from '../../src/config/endpoint.ts';
import { PushExporter } from '../../src/delivery/push-exporter.ts';
import { ledgerSeries, recordBridgeMetrics } from '../support/all-metrics.ts';
import { exporterContext, noDeadline } from '../support/exporter-context.ts';
import { FakeProducer } from '../support/fake-producer.ts';
import { MetricsSink } from '../support/metrics-sink.ts';
import { type ParsedFamily, parseExposition } from '../support/parse-exposition.ts';
import { ALL_METRICS } from '../support/prometheus-names.ts';
import { DeltaReader, type ExportedMetrics } from './tools/delta-reader.ts';
import { describeWith } from './tools/describe-with.ts';
import { freePort } from './tools/free-port.ts';
import { RunningProcess } from './tools/running-process.ts';

const MAIN = join(import.meta.dirname, '../../dist/src/main.js');
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-collector-'));
  ends.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts a Collector that takes OTLP and hands it to `exporters`. @returns its OTLP endpoint. */
async function startCollector(binary: string, exporters: Record<string, unknown>): Promise<string> {
  const endpoint = `127.0.0.1:${await freePort()}`;
  const config = join(await temporaryDirectory(), 'collector.yaml');
  const pipelines = { metrics: { receivers: ['otlp'], exporters: Object.keys(exporters) } };
  const service = { pipelines, telemetry: { metrics: { level: 'none' } } };
  const receivers = { otlp: { protocols: { http: { endpoint } } } };
  await writeFile(config, JSON.stringify({ receivers, exporters, service }));
  const collector = await RunningProcess.start({
    file: binary,
    args: ['--config', config],
    ready: [/Everything is ready/],
  });
  ends.push(() => collector.stop());
  return `http://${endpoint}`;
}

describeWith(['otelcol'], "The Collector's Prometheus exporter beside ours", ({ otelcol }) => {
  test.each([
    ['with the labels of the scope', {}, { without_scope_info: false }],
    ['without them, as ours is by default', { without_scope_info: true }, {}],
    [
      'without suffixes, with a namespace and constant labels',
      {
        translation_strategy: 'UnderscoreEscapingWithoutSuffixes',
        without_scope_info: true,
        namespace: 'edge',
        const_labels: { site: 'paris' },
      },
      {
        translation_strategy: 'UnderscoreEscapingWithoutSuffixes',
        namespace: 'edge',
        const_labels: { site: 'paris' },
      },
    ],
  ])('every metric has the same name, type, help, labels and value, %s', async (_title, theirs, ours) => {
    const shownAt = `127.0.0.1:${await freePort()}`;
    const endpoint = await startCollector(otelcol, { prometheus: { endpoint: shownAt, ...theirs } });
    const context = exporterContext({ id: 'otlp_http', producer: new FakeProducer(ledgerSeries()) });
    const config = otlpSchema.parse({ endpoint, interval: '24h' });
    const pushed = new PushExporter(context, config, otlpHttpProtocol(config, context.logger));
    const scraped = new PrometheusExporter(context, configSchema.parse({ endpoint: '127.0.0.1:0', ...ours }));
    context.provider.register([pushed.reader, scraped.reader]);
    recordBridgeMetrics(context.meter);
    ends.push(() => scraped.shutdown(noDeadline));
    await scraped.start();
    const here = parseExposition(await (await fetch(`http://${formatEndpoint(scraped.endpoint!)}/metrics`)).text());
    ends.push(() => pushed.shutdown(noDeadline));
    await pushed.start();
    const there = await eventually(
      async () => parseExposition(await (await fetch(`http://${shownAt}/metrics`)).text()),
      (families) => families.size >= here.size,
    );
    for (const families of [here, there]) {
      for (const name of families.keys()) if (name.endsWith('target_info')) families.delete(name);
    }
    expect(here.size).toBe(ALL_METRICS.length);
    expect(withoutJob(there)).toEqual(here);
    expect(context.logged.filter((line) => /^(warn|error)/.test(line))).toEqual([]);
  });
});

describeWith(['otelcol'], 'A reader of deltas behind a real Collector', ({ otelcol }) => {
  test('counts every report once over a restart of the bridge, and its totals keep their start', async () => {
    const sink = new MetricsSink();
    const json = { endpoint: await sink.open(), encoding: 'json', retry_on_failure: { enabled: false } };
    ends.push(() => sink.close());
    const endpoint = await startCollector(otelcol, { otlp_http: json });
    const directory = await temporaryDirectory();
    const config = join(directory, 'otel-config.yaml');
    await writeFile(
      config,
      JSON.stringify({
        receivers: { couic: { endpoint: '127.0.0.1:0' } },
        exporters: { otlp_http: { endpoint, interval: '1s' } },
        extensions: { file_storage: { directory: join(directory, 'data') } },
        service: {
          extensions: ['file_storage'],
          pipelines: { metrics: { receivers: ['couic'], exporters: ['otlp_http'] } },
        },
      }),
    );
    const reader = new DeltaReader();
    const seen = () => {
      for (const { body, headers } of sink.requests.splice(0)) {
        const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
        reader.read(JSON.parse(text.toString()) as ExportedMetrics);
      }
      return reader.total('couic.reports');
    };

    let sent = 0;
    for (const reports of [5, 7, 1]) {
      const bridge = await RunningProcess.start({
        file: process.execPath,
        args: [MAIN, '--config', config],
        ready: [/Listening for reports on ([^"\s]+)/, /Ready: reports are accepted/],
      });
      ends.push(() => bridge.stop());
      for (let report = 0; report < reports; report++) {
        const response = await fetch(bridge.said[0]![1]!, { method: 'POST', body: body(++sent) });
        expect(response.status).toBe(200);
      }
      await eventually(
        async () => seen(),
        (total) => total >= sent,
      );
      await bridge.stop();
      expect(seen()).toBe(sent);
    }
    expect(sent).toBe(13);
    expect(reader.total('couic.bridge.receiver.accepted_reports')).toBe(sent);
    expect(reader.starts('couic.reports')).toHaveLength(1);
    expect(reader.starts('couic.bridge.receiver.accepted_reports')).toHaveLength(3);
    expect(reader.instances()).toHaveLength(1);
  });
});

function body(number: number): string {
  const entry = { creation: 1_704_067_200 + number, cidr: `192.0.2.${number}/32`, tag: 'scan', expiration: 0 };
  return JSON.stringify([{ action: 'add', policy: 'drop', entry, metadata: null }]);
}

/** What a scrape of the bridge gets from Prometheus, a Collector says itself. */
function withoutJob(families: Map<string, ParsedFamily>): Map<string, ParsedFamily> {
  const bare = (series: string) =>
    series.replace(/,?(instance="bridge-1"|job="couic-otel-bridge")/g, '').replace('{,', '{');
  return new Map(
    [...families].map(([name, family]) => [
      name,
      { ...family, samples: new Map([...family.samples].map(([series, value]) => [bare(series), value])) },
    ]),
  );
}

async function eventually<T>(look: () => Promise<T>, enough: (found: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const found = await look();
    if (enough(found) || tries === 150) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
