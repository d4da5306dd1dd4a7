/** As parseExposition names it, without what Prometheus adds, and `le` as a number. */
export function seriesName({ __name__, job: _job, instance: _instance, ...labels }: Record<string, string>): string {
  const escaped = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"')}"`,
  );
  return comparable(`${__name__}{${escaped.sort().join(',')}}`);
}

/** Prometheus 2 keeps `le` as it was written, which is a float in OpenMetrics. */
export function comparable(series: string): string {
  return series.replace(/le="([^"]+)"/, (_, bound) => `le="${Number(bound.replace('Inf', 'Infinity'))}"`);
}
