import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { configSchema } from '../../../../plugins/exporters/prometheus/config.ts';
import { PrometheusExporter } from '../../../../plugins/exporters/prometheus/exporter.ts';
import { RECEIVER_METRICS } from '../../../../plugins/receivers/couic/metrics.ts';
import { formatEndpoint } from '../../../../src/config/endpoint.ts';
import { LEDGER_METRICS } from '../../../../src/ledger/metrics.ts';
import { counter } from '../../../../src/telemetry/instruments.ts';
import { exporterContext, noDeadline } from '../../../support/exporter-context.ts';
import { FakeProducer } from '../../../support/fake-producer.ts';
import { parseExposition } from '../../../support/parse-exposition.ts';

const running: PrometheusExporter[] = [];

afterEach(async () => {
  for (const exporter of running.splice(0)) await exporter.shutdown(noDeadline);
});

async function start(options: Record<string, unknown> = {}, producer = oneReport()) {
  const context = exporterContext({ producer });
  const exporter = new PrometheusExporter(context, configSchema.parse({ endpoint: '127.0.0.1:0', ...options }));
  context.provider.register([exporter.reader]);
  running.push(exporter);
  await exporter.start();
  const origin = `http://${formatEndpoint(exporter.endpoint!)}`;
  return { exporter, context, producer, origin, url: `${origin}/metrics` };
}

function oneReport(): FakeProducer {
  return new FakeProducer([
    {
      metric: LEDGER_METRICS.reports,
      attributes: { 'couic.instance.name': 'edge', 'couic.rule.tag': 'scan' },
      value: 3,
    },
  ]);
}

test('a scrape shows the metrics of the ledger and of the bridge, and what the bridge is', async () => {
  const { url, context } = await start();
  counter(context.meter, RECEIVER_METRICS.acceptedReports).add(2, { 'couic.instance.name': 'edge' });
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parseExposition(await response.text());
  expect(families.get('couic_reports_total')).toEqual({
    type: 'counter',
    help: LEDGER_METRICS.reports.description,
    samples: new Map([['couic_reports_total{couic_instance_name="edge",couic_rule_tag="scan"}', 3]]),
  });
  expect(families.get('couic_bridge_receiver_accepted_reports_total')?.samples).toEqual(
    new Map([['couic_bridge_receiver_accepted_reports_total{couic_instance_name="edge"}', 2]]),
  );
  expect([...families.get('target_info')!.samples.keys()][0]).toContain('service_instance_id="bridge-1"');
});

test('a scrape shows what is true then: new values, and no series that is gone', async () => {
  const { url, producer } = await start();
  await fetch(url);
  producer.series[0]!.value = 4;
  expect(await (await fetch(url)).text()).toMatch(/^couic_reports_total\{.*\} 4$/m);
  producer.series = [];
  expect(await (await fetch(url)).text()).not.toContain('couic_reports_total');
});

test('OpenMetrics when the scraper asks for it', async () => {
  const { url } = await start();
  const prometheus = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  const response = await fetch(url, { headers: { accept: prometheus } });
  expect(response.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(await response.text()).toMatch(/^# TYPE couic_reports counter\ncouic_reports_total\{.*\} 3\n[\s\S]*# EOF\n$/m);
});

test.each([{ enable_open_metrics: false }, { translation_strategy: 'UnderscoreEscapingWithoutSuffixes' }])(
  'no OpenMetrics with %o',
  async (options) => {
    const { url } = await start(options);
    const response = await fetch(url, { headers: { accept: 'application/openmetrics-text;version=1.0.0' } });
    expect(response.headers.get('content-type')).toContain('text/plain');
  },
);

describe('when collecting fails', () => {
  test('the answer is 500 and says why, and the next scrape can succeed', async () => {
    const { url, producer, context } = await start();
    producer.failure = new Error('the ledger is not ready');
    const response = await fetch(url);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('Collecting metrics failed: the ledger is not ready\n');
    expect(context.logged).toContain('error A scrape failed');
    producer.failure = undefined;
    expect((await fetch(url)).status).toBe(200);
  });

  test('in part, it is 500 too: a missing series would look like one that ended', async () => {
    const { url, producer } = await start();
    producer.errors = [new Error('callback failed'), 'and this'];
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([
      500,
      'Collecting metrics failed: callback failed; and this\n',
    ]);
  });
});

describe('the listener', () => {
  test('answers GET and HEAD on /metrics, with any query, and nothing else', async () => {
    const { url, origin } = await start();
    expect((await fetch(`${url}?name[]=x`)).status).toBe(200);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await fetch(url, { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const page = await fetch(`${origin}/`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<a href="/metrics">')]);
    const other = await fetch(`${origin}/metric`);
    expect([other.status, await other.text()]).toEqual([404, 'Not found. Metrics are at /metrics\n']);
    expect([post, other].map(({ headers }) => headers.get('connection'))).toEqual(['close', 'close']);
  });

  test('opens with start, not before, and says where', async () => {
    const exporter = new PrometheusExporter(exporterContext({ producer: oneReport() }), configSchema.parse({}));
    expect(exporter.endpoint).toBeUndefined();
    await exporter.shutdown(noDeadline);
    const { context, url } = await start();
    expect(context.logged).toEqual([`info Metrics are at ${url}`]);
  });

  test('a port that is taken is an error that says what to do', async () => {
    const { exporter } = await start();
    const second = new PrometheusExporter(
      exporterContext({ producer: oneReport() }),
      configSchema.parse({ endpoint: formatEndpoint(exporter.endpoint!) }),
    );
    await expect(second.start()).rejects.toThrow(
      `cannot listen on ${formatEndpoint(exporter.endpoint!)}: something listens there already; end it, or set another endpoint`,
    );
    await second.shutdown(noDeadline);
  });

  test('warns when others than this host can reach it', async () => {
    const { context } = await start({ endpoint: '0.0.0.0:0' });
    expect(context.logged.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(
        /^warn Whoever reaches 0\.0\.0\.0:\d+ can read the metrics: listen on 127\.0\.0\.1, or ask/,
      ),
    ]);
  });

  test('is closed by shutdown, which can be called twice', async () => {
    const { exporter, url } = await start();
    await fetch(url);
    await exporter.shutdown(noDeadline);
    await exporter.shutdown(noDeadline);
    await expect(fetch(url)).rejects.toThrow();
  });

  test('does not wait longer than the deadline for a client that does not read', async () => {
    const series = Array.from({ length: 40_000 }, (_, index) => ({
      metric: LEDGER_METRICS.reports,
      attributes: { 'couic.rule.tag': `a-tag-that-makes-the-answer-larger-than-what-sockets-buffer-${index}` },
      value: index,
    }));
    const { exporter, url } = await start({}, new FakeProducer(series));
    const client = request(url);
    const answered = new Promise((resolve) => client.once('response', resolve));
    client.on('error', () => {});
    client.end();
    await answered;
    await exporter.shutdown(AbortSignal.abort());
    client.destroy();
  });

  test('a client that hangs up in the middle does no harm', async () => {
    const { url } = await start();
    const abort = new AbortController();
    const gone = fetch(url, { signal: abort.signal });
    abort.abort();
    await expect(gone).rejects.toThrow();
    expect((await fetch(url)).status).toBe(200);
  });
});
