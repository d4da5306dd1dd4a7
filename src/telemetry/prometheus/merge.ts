import { type DataPoint, DataPointType, type Histogram, type MetricData } from '@opentelemetry/sdk-metrics';
import { attributesKey } from '../../ledger/series/attributes.ts';

interface Part {
  readonly metric: MetricData;
}

/**
 * Metrics of one name and type whose series have the same labels, as one: what counters and histograms counted is added up; of
 * a gauge nobody can say which value holds, so only the first is kept.
 */
export function merged(parts: readonly Part[], onDropped: (reason: string) => void): MetricData {
  const { metric: first } = parts[0]!;
  const points = new Map<string, DataPoint<number> | DataPoint<Histogram>>();
  for (const { metric } of parts) {
    for (const point of metric.dataPoints as readonly (DataPoint<number> | DataPoint<Histogram>)[]) {
      const key = attributesKey(point.attributes);
      const twin = points.get(key);
      const sum = twin ? sumOf(first, twin, point) : point;
      if (sum) points.set(key, sum);
      else
        onDropped(
          'several sources give the same series, and Prometheus could not tell them apart: of those that cannot be added up only one is shown. Give the sources a service.instance.id, or set resource_to_telemetry_conversion',
        );
    }
  }
  return { ...first, dataPoints: [...points.values()] } as MetricData;
}

/** The attributes object is that of the first, so that what an exporter made of it holds. */
function sumOf(
  { dataPointType, ...metric }: MetricData,
  a: DataPoint<number> | DataPoint<Histogram>,
  b: DataPoint<number> | DataPoint<Histogram>,
): DataPoint<number> | DataPoint<Histogram> | undefined {
  if (dataPointType === DataPointType.SUM && 'isMonotonic' in metric && metric.isMonotonic)
    return { ...a, value: (a.value as number) + (b.value as number) } as DataPoint<number>;
  if (dataPointType !== DataPointType.HISTOGRAM) return undefined;
  const [one, other] = [a.value as Histogram, b.value as Histogram];
  const { boundaries, counts } = one.buckets;
  if (String(boundaries) !== String(other.buckets.boundaries)) return undefined;
  const sum = one.sum === undefined || other.sum === undefined ? undefined : one.sum + other.sum;
  const value: Histogram = {
    buckets: { boundaries, counts: counts.map((count, index) => count + other.buckets.counts[index]!) },
    count: one.count + other.count,
    ...(sum !== undefined && { sum }),
  };
  return { ...(a as DataPoint<Histogram>), value };
}
