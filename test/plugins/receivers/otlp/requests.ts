import { create, type MessageInitShape, toBinary, toJson } from '@bufbuild/protobuf';
import { AggregationTemporality, type MetricSchema } from '../../../../plugins/receivers/otlp/proto/metrics_pb.ts';
import { ExportMetricsServiceRequestSchema } from '../../../../plugins/receivers/otlp/proto/metrics_service_pb.ts';

type MetricInit = MessageInitShape<typeof MetricSchema>;

export const pair = (key: string, value: string) => ({
  key,
  value: { value: { case: 'stringValue' as const, value } },
});

/** Points of a counter, each of a series of its own: `n` is its attribute. */
export function counterOf(values: readonly number[], options: { name?: string; time?: bigint; start?: bigint } = {}) {
  const { name = 'calls', time = 2n, start = 1n } = options;
  return {
    name,
    unit: '{call}',
    data: {
      case: 'sum',
      value: {
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        isMonotonic: true,
        dataPoints: values.map((value, n) => ({
          attributes: [pair('n', String(n))],
          startTimeUnixNano: start,
          timeUnixNano: time,
          value: { case: 'asInt' as const, value: BigInt(value) },
        })),
      },
    },
  } satisfies MetricInit;
}

export function requestOf(metrics: readonly MetricInit[], host = 'a') {
  return create(ExportMetricsServiceRequestSchema, {
    resourceMetrics: [
      {
        resource: { attributes: [pair('host', host)] },
        scopeMetrics: [{ scope: { name: 'test' }, metrics: [...metrics] }],
      },
    ],
  });
}

export function protobufOf(metrics: readonly MetricInit[], host?: string): Uint8Array {
  return toBinary(ExportMetricsServiceRequestSchema, requestOf(metrics, host));
}

export function jsonOf(metrics: readonly MetricInit[], host?: string): Uint8Array {
  return Buffer.from(JSON.stringify(toJson(ExportMetricsServiceRequestSchema, requestOf(metrics, host))));
}
