import { expect, test } from 'vitest';
import { PROMETHEUS_TEXT } from '../../../../plugins/exporters/prometheus/text-format.ts';
import { TextSerializer } from '../../../../plugins/exporters/prometheus/text-serializer.ts';
import { collected, SOURCES } from '../../../support/sourced.ts';

function shown(options: { resourceLabels?: boolean } = {}) {
  const dropped = new Set<string>();
  const serializer = new TextSerializer({
    strategy: 'UnderscoreEscapingWithSuffixes',
    namespace: '',
    constLabels: [],
    withoutScopeInfo: true,
    resourceLabels: false,
    onDropped: (metric, reason) => void dropped.add(`${metric}: ${reason}`),
    ...options,
  });
  const metrics = collected(...SOURCES);
  const text = [...serializer.serialize(metrics, PROMETHEUS_TEXT)].join('');
  expect([...serializer.serialize(metrics, PROMETHEUS_TEXT)].join('')).toBe(text);
  return { lines: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')), dropped: [...dropped] };
}

test('sources are told apart by job and instance, as the Collector does; those that cannot be are added up', () => {
  const { lines, dropped } = shown();
  expect(lines).toEqual([
    'target_info{service_instance_id="bridge-1",service_name="couic-otel-bridge"} 1',
    'target_info{host_name="web-1",instance="a",job="shop/waf"} 1',
    'calls_total{own="yes"} 1',
    'calls_total{instance="a",job="shop/waf",route="/"} 5',
    'calls_total{instance="b",job="waf",route="/"} 6',
    'calls_total{route="/"} 15',
    'calls_total{route="/x"} 1',
    'load 0.5',
  ]);
  expect(dropped).toEqual([expect.stringMatching(/^load: several sources give the same series/)]);
});

test('with the attributes of resources as labels nothing needs to be added up', () => {
  const { lines, dropped } = shown({ resourceLabels: true });
  expect(lines.filter((line) => line.includes('route="/"'))).toEqual([
    'calls_total{host_name="web-1",instance="a",job="shop/waf",route="/",service_instance_id="a",service_name="waf",service_namespace="shop"} 5',
    'calls_total{instance="b",job="waf",route="/",service_instance_id="b",service_name="waf"} 6',
    'calls_total{host_name="x",route="/"} 7',
    'calls_total{host_name="y",route="/"} 8',
  ]);
  expect(dropped).toEqual([]);
});
