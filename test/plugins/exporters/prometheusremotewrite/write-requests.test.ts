import { resourceFromAttributes } from '@opentelemetry/resources';
import { compressSync } from 'snappy';
import { expect, test } from 'vitest';
import { PROMETHEUS_TEXT } from '../../../../plugins/exporters/prometheus/text-format.ts';
import { TextSerializer } from '../../../../plugins/exporters/prometheus/text-serializer.ts';
import {
  WriteRequests,
  type WriteRequestsOptions,
} from '../../../../plugins/exporters/prometheusremotewrite/write-requests.ts';
import { LEDGER_METRICS } from '../../../../src/ledger/metrics.ts';
import type { SourcedMetrics } from '../../../../src/service/metric-source.ts';
import { ledgerSeries } from '../../../support/all-metrics.ts';
import { FakeProducer, type FakeSeries } from '../../../support/fake-producer.ts';
import { parseExposition } from '../../../support/parse-exposition.ts';
import { type ReadSeries, readWriteRequest } from '../../../support/remote-write.ts';
import { collected, SOURCES } from '../../../support/sourced.ts';

const resource = resourceFromAttributes({
  'service.name': 'couic-otel-bridge',
  'service.instance.id': 'bridge-1',
  'service.version': '1.2.3',
});
const naming = {
  strategy: 'UnderscoreEscapingWithSuffixes',
  namespace: '',
  withoutScopeInfo: true,
  resourceLabels: false,
  onDropped: (metric: string) => {
    throw new Error(metric);
  },
} as const;

function build(series: FakeSeries[], options: Partial<WriteRequestsOptions> = {}) {
  const producer = new FakeProducer(series);
  const requests = new WriteRequests({ ...naming, externalLabels: [], metadata: false, maxBytes: 1e6, ...options });
  const bodies = async (timestamp = 1000) => {
    const { resourceMetrics } = await producer.collect();
    const written: Uint8Array[] = [];
    for await (const body of requests.of({ ...resourceMetrics, resource }, timestamp)) written.push(body);
    return written.map((body) => readWriteRequest(compressSync(Buffer.from(body))));
  };
  const collect = async (timestamp?: number) => (await bodies(timestamp)).flatMap((body) => body.series);
  return { producer, bodies, collect };
}

const nameOf = ({ labels }: ReadSeries) => labels.map(([name, value]) => `${name}=${value}`).join(' ');

test('one sample, to the label', async () => {
  const attributes = { 'couic.rule.tag': 'scan', 'couic.instance.name': 'edge', 'couic.report.kind': '' };
  const { collect } = build([{ metric: LEDGER_METRICS.reports, attributes, value: 3.5 }]);
  expect(await collect(1_704_067_200_123)).toEqual([
    {
      labels: [
        ['__name__', 'target_info'],
        ['instance', 'bridge-1'],
        ['job', 'couic-otel-bridge'],
        ['service_instance_id', 'bridge-1'],
        ['service_name', 'couic-otel-bridge'],
        ['service_version', '1.2.3'],
      ],
      value: 1,
      stale: false,
      timestamp: 1_704_067_200_123,
    },
    {
      labels: [
        ['__name__', 'couic_reports_total'],
        ['couic_instance_name', 'edge'],
        ['couic_rule_tag', 'scan'],
        ['instance', 'bridge-1'],
        ['job', 'couic-otel-bridge'],
      ],
      value: 3.5,
      stale: false,
      timestamp: 1_704_067_200_123,
    },
  ]);
});

test('the same samples as a scrape shows', async () => {
  const { producer, collect } = build(ledgerSeries());
  const { resourceMetrics } = await producer.collect();
  const text = new TextSerializer({ ...naming, constLabels: [] }).serialize(
    { ...resourceMetrics, resource },
    PROMETHEUS_TEXT,
  );
  const shown = [...parseExposition([...text].join('')).values()].flatMap(({ samples }) => [...samples]);
  const escaped = (value: string) => value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
  const sent = (await collect()).map(({ labels, value }) => {
    const [[, name], ...rest] = labels as [readonly [string, string], ...(readonly [string, string])[]];
    const own = rest.filter(([label]) => label !== 'job' && label !== 'instance');
    return [`${name}{${own.map(([label, text]) => `${label}="${escaped(text)}"`).sort()}}`, value];
  });
  expect(sent.sort()).toEqual(shown.sort());
});

test('a series that is gone is ended once, and can come back', async () => {
  const gone: FakeSeries = { metric: LEDGER_METRICS.ruleActive, attributes: { 'couic.rule.tag': 'gone' }, value: 1 };
  const stays: FakeSeries = { metric: LEDGER_METRICS.ruleActive, attributes: { 'couic.rule.tag': 'stays' }, value: 2 };
  const { producer, collect } = build([gone, stays]);
  const active = async () =>
    (await collect())
      .filter((series) => nameOf(series).includes('couic_rule_active'))
      .map((series) => [/tag=(\w+)/.exec(nameOf(series))?.[1], series.stale ? 'stale' : series.value]);
  await active();
  producer.series = [stays];
  expect(await active()).toEqual([
    ['stays', 2],
    ['gone', 'stale'],
  ]);
  expect(await active()).toEqual([['stays', 2]]);
  producer.series = [gone];
  expect(await active()).toEqual([
    ['gone', 1],
    ['stays', 'stale'],
  ]);
});

test('another attributes object for the same series is the same series', async () => {
  const series = (): FakeSeries => ({ metric: LEDGER_METRICS.reportLag, attributes: { a: 'b' }, value: [1] });
  const { producer, collect } = build([series()]);
  const first = await collect();
  producer.series = [series()];
  expect(await collect()).toEqual(first);
});

test('requests are cut where they are large enough, and hold everything together', async () => {
  const series = Array.from({ length: 5000 }, (_, index) => ({
    metric: LEDGER_METRICS.reports,
    attributes: { 'couic.rule.tag': `tag-${index}` },
    value: index,
  }));
  const { bodies } = build(series, { maxBytes: 100_000 });
  const written = await bodies();
  expect(written.length).toBeGreaterThan(4);
  const values = written.flatMap((body) => body.series.slice(body === written[0] ? 1 : 0).map(({ value }) => value));
  expect(values).toEqual(series.map(({ value }) => value));
});

test('external labels, the scope, a namespace', async () => {
  const { collect } = build([{ metric: LEDGER_METRICS.reports, attributes: {}, value: 1 }], {
    externalLabels: [['site', 'paris']],
    withoutScopeInfo: false,
    namespace: 'edge',
  });
  expect((await collect()).map(nameOf)).toEqual([
    expect.stringMatching(/^__name__=edge_target_info .*site=paris/),
    '__name__=edge_couic_reports_total instance=bridge-1 job=couic-otel-bridge otel_scope_name=couic-otel-bridge/ledger otel_scope_version=1.2.3 site=paris',
  ]);
});

test('metadata when asked for', async () => {
  const { bodies } = build([{ metric: LEDGER_METRICS.reportLag, attributes: {}, value: [1] }], { metadata: true });
  expect((await bodies())[0]?.metadata).toEqual([
    { type: 3, name: 'couic_report_lag_seconds', help: LEDGER_METRICS.reportLag.description },
  ]);
});

test('sources of others have their own job and instance; those that cannot be told apart are added up', async () => {
  const dropped: string[] = [];
  const requests = new WriteRequests({
    ...naming,
    onDropped: (metric: string) => void dropped.push(metric),
    externalLabels: [],
    metadata: false,
    maxBytes: 1e6,
  });
  const collect = async (sources: readonly SourcedMetrics[]) => {
    const series: ReadSeries[] = [];
    for await (const body of requests.of(collected(...sources), 1000))
      series.push(...readWriteRequest(compressSync(Buffer.from(body))).series);
    return series.map((each) => [nameOf(each), each.stale ? 'stale' : each.value]);
  };
  const [waf] = SOURCES;
  expect(await collect(SOURCES)).toEqual([
    [
      '__name__=target_info instance=bridge-1 job=couic-otel-bridge service_instance_id=bridge-1 service_name=couic-otel-bridge',
      1,
    ],
    [
      '__name__=target_info host_name=web-1 instance=a job=shop/waf service_instance_id=a service_name=waf service_namespace=shop',
      1,
    ],
    ['__name__=calls_total instance=bridge-1 job=couic-otel-bridge own=yes', 1],
    ['__name__=calls_total instance=a job=shop/waf route=/', 5],
    ['__name__=calls_total instance=b job=waf route=/', 6],
    ['__name__=calls_total route=/', 15],
    ['__name__=calls_total route=/x', 1],
    ['__name__=load', 0.5],
  ]);
  expect(dropped).toEqual(['load']);
  expect((await collect([waf!])).filter(([, value]) => value === 'stale')).toHaveLength(4);
});
