import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { OPENMETRICS_TEXT, PROMETHEUS_TEXT } from '../../../../plugins/exporters/prometheus/text-format.ts';
import {
  TextSerializer,
  type TextSerializerOptions,
} from '../../../../plugins/exporters/prometheus/text-serializer.ts';
import { LEDGER_METRICS } from '../../../../src/ledger/metrics.ts';
import type { MetricDefinition } from '../../../../src/telemetry/metric-definition.ts';
import { FakeProducer, type FakeSeries } from '../../../support/fake-producer.ts';
import { parseExposition } from '../../../support/parse-exposition.ts';

const resource = resourceFromAttributes({ 'service.name': 'couic-otel-bridge' });

async function collect(series: FakeSeries[]): Promise<ResourceMetrics> {
  const { resourceMetrics } = await new FakeProducer(series).collect();
  return { ...resourceMetrics, resource };
}

function serializer(options: Partial<TextSerializerOptions> = {}) {
  return new TextSerializer({
    strategy: 'UnderscoreEscapingWithSuffixes',
    namespace: '',
    constLabels: [],
    withoutScopeInfo: true,
    resourceLabels: false,
    onDropped: (metric, reason) => {
      throw new Error(`${metric}: ${reason}`);
    },
    ...options,
  });
}

async function text(series: FakeSeries[], options: Partial<TextSerializerOptions> = {}, format = PROMETHEUS_TEXT) {
  return [...serializer(options).serialize(await collect(series), format)].join('');
}

const lag: FakeSeries = {
  metric: LEDGER_METRICS.reportLag,
  attributes: { 'couic.instance.name': 'edge' },
  value: [0.2, 4, 4000],
};

test('one of each kind, to the letter', async () => {
  const attributes = { 'couic.instance.name': 'edge' };
  const lifetime = { ...LEDGER_METRICS.ruleLifetime, boundaries: [60, 2_592_000] } satisfies MetricDefinition;
  expect(
    await text([
      { metric: LEDGER_METRICS.ruleActive, attributes, value: 7 },
      { metric: LEDGER_METRICS.networkIo, attributes: { ...attributes, 'couic.xdp.action': 'drop' }, value: 1e21 },
      { metric: LEDGER_METRICS.lastReportTimestamp, attributes, value: 1704067200.25 },
      { metric: lifetime, attributes, value: [1, 100, 1e7] },
    ]),
  ).toBe(`# HELP target_info Target metadata
# TYPE target_info gauge
target_info{service_name="couic-otel-bridge"} 1
# HELP couic_instance_last_report_timestamp_seconds Unix time at which the newest report of this Couic was committed.
# TYPE couic_instance_last_report_timestamp_seconds gauge
couic_instance_last_report_timestamp_seconds{couic_instance_name="edge"} 1704067200.25
# HELP couic_network_io_bytes_total Bytes that Couic saw, by what XDP did with them. From the couic_api receiver.
# TYPE couic_network_io_bytes_total counter
couic_network_io_bytes_total{couic_instance_name="edge",couic_xdp_action="drop"} 1e+21
# HELP couic_rule_active Rules reported and not since removed or expired; with the couic_api receiver, the rules Couic holds.
# TYPE couic_rule_active gauge
couic_rule_active{couic_instance_name="edge"} 7
# HELP couic_rule_lifetime_seconds Time from the creation of a rule to its removal or expiry.
# TYPE couic_rule_lifetime_seconds histogram
couic_rule_lifetime_seconds_bucket{couic_instance_name="edge",le="60"} 1
couic_rule_lifetime_seconds_bucket{couic_instance_name="edge",le="2.592e+06"} 2
couic_rule_lifetime_seconds_bucket{couic_instance_name="edge",le="+Inf"} 3
couic_rule_lifetime_seconds_sum{couic_instance_name="edge"} 10000101
couic_rule_lifetime_seconds_count{couic_instance_name="edge"} 3
`);
});

test('the same in OpenMetrics: counters and info without suffix in their introduction, bounds as floats, an end', async () => {
  const metric = {
    ...LEDGER_METRICS.reportLag,
    boundaries: [5],
    description: 'Says "lag".',
  } satisfies MetricDefinition;
  expect(
    await text(
      [
        { metric: LEDGER_METRICS.reports, attributes: {}, value: 1 },
        { metric, attributes: {}, value: [3] },
      ],
      {},
      OPENMETRICS_TEXT,
    ),
  ).toBe(`# HELP target Target metadata
# TYPE target info
target_info{service_name="couic-otel-bridge"} 1
# HELP couic_report_lag_seconds Says \\"lag\\".
# TYPE couic_report_lag_seconds histogram
couic_report_lag_seconds_bucket{le="5.0"} 1
couic_report_lag_seconds_bucket{le="+Inf"} 1
couic_report_lag_seconds_sum 3
couic_report_lag_seconds_count 1
# HELP couic_reports Reports received from Couic, each counted exactly once.
# TYPE couic_reports counter
couic_reports_total 1
# EOF
`);
});

test('label values and help are escaped', async () => {
  const metric = { ...LEDGER_METRICS.reports, description: 'a \\ b\nc "d"' };
  const written = await text([{ metric, attributes: { 'couic.rule.tag': 'say "hi"\\\nbye é\u{1f600}' }, value: 1 }]);
  expect(written).toContain('# HELP couic_reports_total a \\\\ b\\nc "d"\n');
  expect(written).toContain('couic_reports_total{couic_rule_tag="say \\"hi\\"\\\\\\nbye é\u{1f600}"} 1\n');
});

test.each([
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
  [0.1, '0.1'],
  [-0, '0'],
])('the value %d is written %s', async (value, shown) => {
  expect(await text([{ metric: LEDGER_METRICS.ledgerDrift, attributes: {}, value }])).toContain(
    `couic_ledger_drift ${shown}\n`,
  );
});

describe('options', () => {
  const reports: FakeSeries = { metric: LEDGER_METRICS.reports, attributes: { 'couic.rule.tag': 'scan' }, value: 1 };

  test('const_labels are on every series but target_info', async () => {
    const written = await text([reports, lag], { constLabels: [['site', 'paris']] });
    expect(written).toContain('couic_reports_total{couic_rule_tag="scan",site="paris"} 1\n');
    expect(written).toContain('couic_report_lag_seconds_bucket{couic_instance_name="edge",site="paris",le="0.5"} 1\n');
    expect(written).toContain('target_info{service_name="couic-otel-bridge"} 1\n');
  });

  test('without_scope_info: false adds the labels that the Collector adds', async () => {
    expect(await text([reports], { withoutScopeInfo: false })).toContain(
      'couic_reports_total{couic_rule_tag="scan",otel_scope_name="couic-otel-bridge/ledger",otel_scope_schema_url="",otel_scope_version="1.2.3"} 1\n',
    );
  });

  test('resource attributes on every series, and a namespace before every name', async () => {
    const written = await text([reports], { resourceLabels: true, namespace: 'edge' });
    expect(written).toContain('edge_couic_reports_total{couic_rule_tag="scan",service_name="couic-otel-bridge"} 1\n');
    expect(written).toContain('edge_target_info{');
  });

  test('no suffixes', async () => {
    const written = await text([reports, lag], { strategy: 'UnderscoreEscapingWithoutSuffixes' });
    expect(written).toContain('# TYPE couic_reports counter\ncouic_reports{couic_rule_tag="scan"} 1\n');
    expect(written).toContain('couic_report_lag_count{couic_instance_name="edge"} 3\n');
  });
});

describe('names that meet', () => {
  const point = { startTime: [0, 0], endTime: [0, 0], attributes: {}, value: 1 } as const;
  const metric = (name: string, over: object) =>
    ({
      descriptor: { name, unit: '', description: name, valueType: 1 },
      aggregationTemporality: 1,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: [point],
      ...over,
    }) as unknown as MetricData;
  const scoped = (...metrics: MetricData[][]): ResourceMetrics => ({
    resource,
    scopeMetrics: metrics.map((list, index) => ({ scope: { name: `scope-${index}` }, metrics: list })),
  });

  test('a metric of two scopes is introduced once', () => {
    const one = metric('requests', {});
    const written = [...serializer({ withoutScopeInfo: false }).serialize(scoped([one], [one]), PROMETHEUS_TEXT)].join(
      '',
    );
    const family = parseExposition(written).get('requests_total');
    expect([...family!.samples.keys()]).toEqual([
      'requests_total{otel_scope_name="scope-0",otel_scope_schema_url="",otel_scope_version=""}',
      'requests_total{otel_scope_name="scope-1",otel_scope_schema_url="",otel_scope_version=""}',
    ]);
  });

  test('two types under one name: the first stays, the other is reported', () => {
    const dropped: string[] = [];
    const metrics = scoped([metric('a.total', {}), metric('a_total', { isMonotonic: false })]);
    const written = [
      ...serializer({ onDropped: (...what) => dropped.push(what.join(': ')) }).serialize(metrics, PROMETHEUS_TEXT),
    ].join('');
    expect(parseExposition(written).get('a_total')?.type).toBe('counter');
    expect(dropped).toEqual(['a_total: a_total is a counter already and cannot be a gauge as well']);
  });

  test('an exponential histogram is left out and reported', () => {
    const dropped: string[] = [];
    const metrics = scoped([metric('a', { dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM })]);
    const written = serializer({ onDropped: (name) => dropped.push(name) }).serialize(metrics, PROMETHEUS_TEXT);
    expect(parseExposition([...written].join('')).has('a')).toBe(false);
    expect(dropped).toEqual(['a']);
  });
});

test('the same samples as the official serializer, but for names, units and the order of labels', async () => {
  const metrics = await collect([
    {
      metric: LEDGER_METRICS.reports,
      attributes: { 'couic.rule.tag': 'a"b\\c', 'couic.instance.name': 'x' },
      value: 5,
    },
    { metric: LEDGER_METRICS.ruleActive, attributes: { 'couic.instance.name': 'x' }, value: 2 },
    { metric: { ...LEDGER_METRICS.reportLag, unit: '' }, attributes: {}, value: [1, 2] },
  ]);
  const official = new PrometheusSerializer('', false, undefined, false, true).serialize(metrics);
  const samples = (exposition: string) =>
    [...parseExposition(exposition).values()].flatMap((family) => [...family.samples]);
  const ours = [...serializer().serialize(metrics, PROMETHEUS_TEXT)].join('').replaceAll('_seconds', '');
  expect(samples(ours).sort()).toEqual(samples(official.replace(/^# UNIT.*\n/gm, '')).sort());
});

test('comes in pieces that are small whatever the number of series', async () => {
  const series = Array.from({ length: 5000 }, (_, index) => ({
    metric: LEDGER_METRICS.reports,
    attributes: { 'couic.rule.tag': `tag-${index}` },
    value: index,
  }));
  const pieces = [...serializer().serialize(await collect(series), PROMETHEUS_TEXT)];
  expect(Math.max(...pieces.map((piece) => piece.split('\n').length))).toBeLessThan(300);
  expect(parseExposition(pieces.join('')).get('couic_reports_total')?.samples.size).toBe(5000);
});
