import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
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
import { Deltas } from './tools/deltas.ts';
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

interface Parts {
  /** Where it takes OTLP. @default a free port */
  readonly endpoint?: string;
  readonly processors?: Record<string, unknown>;
  readonly exporters: Record<string, unknown>;
}

/** A Collector that takes OTLP and hands it on. */
async function startCollector(binary: string, { endpoint, processors = {}, exporters }: Parts) {
  const listening = endpoint ?? `127.0.0.1:${await freePort()}`;
  const config = join(await temporaryDirectory(), 'collector.yaml');
  const pipelines = {
    metrics: { receivers: ['otlp'], processors: Object.keys(processors), exporters: Object.keys(exporters) },
  };
  const service = { pipelines, telemetry: { metrics: { level: 'none' } } };
  const receivers = { otlp: { protocols: { http: { endpoint: listening } } } };
  await writeFile(config, JSON.stringify({ receivers, processors, exporters, service }));
  const collector = await RunningProcess.start({
    file: binary,
    args: ['--config', config],
    ready: [/Everything is ready/],
  });
  ends.push(() => collector.stop());
  return { collector, endpoint: listening };
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
    const exporters = { prometheus: { endpoint: shownAt, ...theirs } };
    const { endpoint } = await startCollector(otelcol, { exporters });
    const context = exporterContext({ id: 'otlp_http', producer: new FakeProducer(ledgerSeries()) });
    const config = otlpSchema.parse({ endpoint: `http://${endpoint}`, interval: '24h' });
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

describeWith(['otelcol'], "Deltas, by the Collector's processor cumulativetodelta", ({ otelcol }) => {
  test('every report arrives over restarts of the bridge and of the Collector, those of new tags too', async () => {
    const sink = new MetricsSink();
    const json = { endpoint: await sink.open(), encoding: 'json', retry_on_failure: { enabled: false } };
    ends.push(() => sink.close());
    const parts: Parts = { processors: { cumulativetodelta: {} }, exporters: { otlp_http: json } };
    let { collector, endpoint } = await startCollector(otelcol, parts);
    const directory = await temporaryDirectory();
    const config = join(directory, 'otel-config.yaml');
    const retries = { initial_interval: '200ms', max_interval: '500ms' };
    await writeFile(
      config,
      JSON.stringify({
        receivers: { couic: { endpoint: '127.0.0.1:0' } },
        exporters: { otlp_http: { endpoint: `http://${endpoint}`, interval: '1s', retry_on_failure: retries } },
        extensions: { file_storage: { directory: join(directory, 'data') } },
        service: {
          extensions: ['file_storage'],
          pipelines: { metrics: { receivers: ['couic'], exporters: ['otlp_http'] } },
        },
      }),
    );
    const startBridge = async () => {
      const bridge = await RunningProcess.start({
        file: process.execPath,
        args: [MAIN, '--config', config],
        ready: [/Listening for reports on ([^"\s]+)/, /Ready: reports are accepted/],
      });
      ends.push(() => bridge.stop());
      return { bridge, webhook: bridge.said[0]![1]! };
    };
    const deltas = new Deltas(sink);
    const sent: Record<string, number> = {};
    /** Reports of a tag, one request each; then all that was sent has arrived. */
    const report = async (webhook: string, tag: string, count: number) => {
      for (let i = 0; i < count; i++) {
        sent[tag] = (sent[tag] ?? 0) + 1;
        const response = await fetch(webhook, { method: 'POST', body: body(tag, sent[tag]) });
        expect(response.status).toBe(200);
      }
      await eventually(
        async () => deltas.reports(),
        (arrived) => isDeepStrictEqual(arrived, sent),
      );
      expect(deltas.reports()).toEqual(sent);
    };

    let { bridge, webhook } = await startBridge();
    await report(webhook, 'scan', 5);
    await bridge.stop();
    ({ bridge, webhook } = await startBridge());
    await report(webhook, 'scan', 7);
    await report(webhook, 'after-the-bridge', 3);

    await collector.stop();
    ({ collector } = await startCollector(otelcol, { ...parts, endpoint }));
    // A Collector that has just started knows of a series only what comes after its first point.
    const before = deltas.requests();
    await eventually(
      async () => deltas.requests(),
      (requests) => requests > before + 1,
    );
    await report(webhook, 'after-the-collector', 42);
    await report(webhook, 'scan', 2);
    await bridge.stop();
    expect(deltas.reports()).toEqual({ scan: 14, 'after-the-bridge': 3, 'after-the-collector': 42 });
    expect(collector.output).not.toMatch(/\t(warn|error)\t/);
  });
});

function body(tag: string, number: number): string {
  const entry = { creation: 1_704_067_200 + number, cidr: `192.0.2.${number}/32`, tag, expiration: 0 };
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
