import type { Attributes } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { type Label, labelsOf } from './labels.ts';

/** Attributes of a resource that `job` and `instance` hold. */
const OF_TARGET = new Set(['service.name', 'service.namespace', 'service.instance.id']);

/**
 * `job` and `instance`, by which Prometheus tells sources apart, as the Collector makes them; without those that nobody knows.
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#resource-attributes-1
 */
export function jobAndInstance({ attributes }: Resource): Label[] {
  const { 'service.namespace': namespace, 'service.name': name, 'service.instance.id': instance } = attributes;
  const labels: Label[] = [];
  if (name !== undefined) labels.push(['job', namespace === undefined ? `${name}` : `${namespace}/${name}`]);
  if (instance !== undefined) labels.push(['instance', `${instance}`]);
  return labels;
}

/** The labels of a `target_info`, of a source that is not the bridge; undefined when there is nothing to say of it. */
export function targetInfoOf(resource: Resource): Label[] | undefined {
  const own = jobAndInstance(resource);
  const others = Object.entries(resource.attributes as Attributes).filter(([key]) => !OF_TARGET.has(key));
  return own.length === 0 || others.length === 0 ? undefined : labelsOf(Object.fromEntries(others), own);
}
