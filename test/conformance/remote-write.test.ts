import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { configSchema } from '../../plugins/exporters/prometheus/config.ts';
import { PrometheusExporter } from '../../plugins/exporters/prometheus/exporter.ts';
import { schema } from '../../plugins/exporters/prometheusremotewrite/config.ts';
import { remoteWriteProtocol } from '../../plugins/exporters/prometheusremotewrite/protocol.ts';
import { formatEndpoint } from '../../src/config/endpoint.ts';
import { PushExporter } from '../../src/delivery/push-exporter.ts';
import { LEDGER_METRICS } from '../../src/ledger/metrics.ts';
import { ledgerSeries, recordBridgeMetrics } from '../support/all-metrics.ts';
import { exporterContext, noDeadline } from '../support/exporter-context.ts';
import { FakeProducer } from '../support/fake-producer.ts';
import { parseExposition } from '../support/parse-exposition.ts';
import { describeWith } from './tools/describe-with.ts';
import { type PrometheusServer, startPrometheus } from './tools/prometheus-server.ts';
import { comparable, seriesName } from './tools/series-name.ts';

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function startExporter(endpoint: string, producer: FakeProducer, everything = false) {
  const context = exporterContext({ id: 'prometheusremotewrite', producer });
  const config = schema.parse({
    endpoint,
    interval: '1s',
    retry_on_failure: { initial_interval: '500ms', max_interval: '1s' },
  });
  const exporter = new PushExporter(context, config, remoteWriteProtocol(config, context));
  const scraped = new PrometheusExporter(context, configSchema.parse({ endpoint: '127.0.0.1:0' }));
  context.provider.register([exporter.reader, scraped.reader]);
  if (everything) recordBridgeMetrics(context.meter);
  ends.push(() => scraped.shutdown(noDeadline));
  ends.push(() => exporter.shutdown(noDeadline));
  await scraped.start();
  await exporter.start();
  const scrape = async () => (await fetch(`http://${formatEndpoint(scraped.endpoint!)}/metrics`)).text();
  return { context, scrape };
}

async function startReceiver(prometheus: string): Promise<PrometheusServer> {
  const server = await startPrometheus(prometheus, {}, ['--web.enable-remote-write-receiver']);
  ends.push(() => server.stop());
  return server;
}

async function eventually<T>(look: () => Promise<T>, enough: (found: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const found = await look();
    if (enough(found) || tries === 100) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describeWith(['prometheus'], 'Remote write, as Prometheus stores it', ({ prometheus }) => {
  test('every sample is the one that a scrape shows', async () => {
    const server = await startReceiver(prometheus);
    const { context, scrape } = await startExporter(
      `${server.url}/api/v1/write`,
      new FakeProducer(ledgerSeries()),
      true,
    );
    // What counts requests of this very exporter changes with each of them.
    const own = 'couic_bridge_exporter_.*_requests_total';
    const shown = [...parseExposition(await scrape()).values()]
      .flatMap(({ samples }) => [...samples])
      .filter(([name]) => !new RegExp(own).test(name) && !name.startsWith('target_info'));
    const stored = await eventually(
      () => server.query(`{job="couic-otel-bridge", instance="bridge-1", __name__!~"target_info|${own}"}`),
      (found) => found.length >= shown.length,
    );
    expect(new Map(stored.map(({ metric, value }) => [seriesName(metric), Number(value[1])]))).toEqual(
      new Map(shown.map(([name, value]) => [comparable(name), value])),
    );
    expect(await server.query('target_info{service_version="1.2.3"}')).toHaveLength(1);
    expect(context.logged.filter((line) => !line.startsWith('info'))).toEqual([]);
    expect(server.warnings()).toEqual([]);
  });

  test('a series that is gone ends at once', async () => {
    const server = await startReceiver(prometheus);
    const producer = new FakeProducer([{ metric: LEDGER_METRICS.ruleActive, attributes: { a: 'b' }, value: 1 }]);
    await startExporter(`${server.url}/api/v1/write`, producer);
    await eventually(
      () => server.query('couic_rule_active'),
      (found) => found.length === 1,
    );
    producer.series = [];
    expect(
      await eventually(
        () => server.query('couic_rule_active'),
        (found) => found.length === 0,
      ),
    ).toEqual([]);
  });

  test('after an outage of the receiver every sample of that time is there, and none was refused', async () => {
    const server = await startReceiver(prometheus);
    const proxy = await startProxy(Number(new URL(server.url).port));
    ends.push(() => proxy.close());
    const reports = { metric: LEDGER_METRICS.reports, attributes: { a: 'b' }, value: 0 };
    const { context } = await startExporter(`${proxy.url}/api/v1/write`, new FakeProducer([reports]));
    const counting = setInterval(() => {
      reports.value++;
    }, 100);
    ends.push(async () => clearInterval(counting));
    await eventually(
      () => server.query('couic_reports_total'),
      (found) => found.length === 1,
    );
    proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    expect(context.logged.some((line) => line.startsWith('warn Metrics are not sent'))).toBe(true);
    proxy.mend();
    await eventually(
      async () => context.logged,
      (logged) => logged.some((line) => line.startsWith('info Metrics are sent again')),
    );
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const [counted] = await server.query('count_over_time(couic_reports_total[15s])');
    expect(Number(counted?.value[1])).toBeGreaterThanOrEqual(13);
    expect(await server.query('resets(couic_reports_total[30s]) > 0')).toEqual([]);
    expect(context.logged.join('\n')).not.toMatch(/out of order|status_400|[1-9]\d* requests were dropped/);
    expect(server.warnings()).toEqual([]);
  });
});

/** A way to a port that can be cut. */
async function startProxy(port: number) {
  const sockets = new Set<Socket>();
  let open = true;
  const server = createServer((client) => {
    if (!open) return void client.destroy();
    const target = connect(port, '127.0.0.1');
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    client.pipe(target).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      open = false;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      open = true;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
