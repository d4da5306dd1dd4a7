import type { Counter, Gauge, Histogram, Meter, ObservableCounter, ObservableGauge } from '@opentelemetry/api';
import type { MetricDefinition } from './metric-definition.ts';

export function counter(meter: Meter, metric: MetricDefinition<'counter'>): Counter {
  return meter.createCounter(metric.name, options(metric));
}

/** A counter that is kept as a plain number and asked for at each collection: for what every request adds to. */
export function observableCounter(meter: Meter, metric: MetricDefinition<'counter'>): ObservableCounter {
  return meter.createObservableCounter(metric.name, options(metric));
}

export function gauge(meter: Meter, metric: MetricDefinition<'gauge'>): Gauge {
  return meter.createGauge(metric.name, options(metric));
}

/** A gauge whose value is asked for at each collection, for ages and sizes: add the callback in `create`. */
export function observableGauge(meter: Meter, metric: MetricDefinition<'gauge'>): ObservableGauge {
  return meter.createObservableGauge(metric.name, options(metric));
}

/** Its buckets are those of the definition, by the provider's views. */
export function histogram(meter: Meter, metric: MetricDefinition<'histogram'>): Histogram {
  return meter.createHistogram(metric.name, options(metric));
}

function options(metric: MetricDefinition) {
  return { unit: metric.unit, description: metric.description };
}
