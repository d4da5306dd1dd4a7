import { create, toBinary } from '@bufbuild/protobuf';
import { AggregationTemporality } from '../../../plugins/receivers/otlp/proto/metrics_pb.ts';
import { ExportMetricsServiceRequestSchema } from '../../../plugins/receivers/otlp/proto/metrics_service_pb.ts';

const SECOND = 1_000_000_000n;
const BEGAN = 1_800_000_000n * SECOND;

const pair = (key: string, value: string) => ({ key, value: { value: { case: 'stringValue' as const, value } } });

/** A push of counters with four attributes each, as a web server by route has them; each has risen since the push before. */
export function requestOf(series: number, push: number, from = 0): Uint8Array {
  const dataPoints = Array.from({ length: series }, (_, index) => {
    const n = from + index;
    return {
      attributes: [
        pair('http.request.method', n % 2 === 0 ? 'GET' : 'POST'),
        pair('http.route', `/api/v1/${n % 250}`),
        pair('server.address', `web-${n % 40}.example.org`),
        pair('tenant', `tenant-${n}`),
      ],
      startTimeUnixNano: BEGAN,
      timeUnixNano: BEGAN + BigInt(push + 1) * 10n * SECOND,
      value: { case: 'asInt' as const, value: BigInt((push + 1) * (1 + (n % 7))) },
    };
  });
  return toBinary(
    ExportMetricsServiceRequestSchema,
    create(ExportMetricsServiceRequestSchema, {
      resourceMetrics: [
        {
          resource: { attributes: [pair('service.name', 'web'), pair('service.instance.id', 'web-1')] },
          scopeMetrics: [
            {
              scope: { name: 'bench' },
              metrics: [
                {
                  name: 'http.server.requests',
                  unit: '{request}',
                  data: {
                    case: 'sum',
                    value: {
                      aggregationTemporality: AggregationTemporality.CUMULATIVE,
                      isMonotonic: true,
                      dataPoints,
                    },
                  },
                },
              ],
            },
          ],
        },
      ],
    }),
  );
}

/** What the series of a push have counted in all. */
export function sumOf(series: number, push: number): number {
  let sum = 0;
  for (let n = 0; n < series; n++) sum += (push + 1) * (1 + (n % 7));
  return sum;
}
