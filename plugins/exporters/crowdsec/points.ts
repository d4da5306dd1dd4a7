import { createHash } from 'node:crypto';
import type { Attributes, HrTime } from '@opentelemetry/api';
import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { SourcedMetrics } from '../../../src/service/metric-source.ts';

/*
 * Values of two enums of @opentelemetry/sdk-metrics: only its types are imported, so that the library entry works with
 * whichever version of the SDK the program has.
 */
const GAUGE = 2;
const SUM = 3;
const DELTA = 0;

/** One series of one collection, before any mapping. */
export interface SourcePoint {
  /** Instrument name: `couic.reports`. */
  readonly metric: string;
  readonly unit: string;
  readonly attributes: Attributes;
  /** Of whoever measured. */
  readonly resource: Attributes;
  readonly scope: ScopeOf;
  /** Tells series apart: instrument name and attributes, in any order of them, and whose they are when others sent them. The same over restarts. */
  readonly key: string;
  /** Whose it is, as `sourceOf` says; empty without that. */
  readonly source: string;
  /**
   * `total`: what a counter has counted since `start`. `increment`: what a counter has counted since the last collection.
   * `level`: the present value of a gauge or an up-down counter.
   */
  readonly kind: 'total' | 'increment' | 'level';
  readonly value: number;
  /** Milliseconds since the epoch at which the count began. */
  readonly start: number;
}

/** What measured it. */
interface ScopeOf {
  readonly name: string;
  readonly version?: string | undefined;
  readonly attributes?: Attributes | undefined;
}

/** Which instruments to look at, and which of their series. @param from - whose they are, when others sent them. */
export type Follows = (metric: string, attributes?: Attributes, from?: From) => boolean;

interface From {
  /** Who gives them: `receiver/otlp`. */
  readonly source: string;
  readonly resource: Attributes;
}

/** Whose a series is. */
export type SourceOf = (attributes: Attributes, metric: string, given?: string) => string;

/** What could not be used of a collection, by metric, for one log line each. */
type Unusable = Map<string, string>;

/**
 * The sums and gauges of a collection. Series of one name and equal attributes (of two scopes) are added up.
 * @param follows - instruments to look at, and of those, series. @param sourceOf - whose a series is.
 * @param unusable - takes down what was left out: not-a-number values, and up-down counters given as increments, of
 *   which nobody knows the level.
 */
export function pointsOf(
  metrics: ResourceMetrics,
  follows: Follows,
  sourceOf: SourceOf,
  unusable: Unusable,
): SourcePoint[] {
  const points = new Map<string, SourcePoint>();
  for (const {
    scope,
    metrics: ofScope,
    resource,
    source: given,
  } of metrics.scopeMetrics as readonly SourcedMetrics[]) {
    const ofOthers = resource && originKey(resource, scope);
    const { attributes: ofResource } = resource ?? metrics.resource;
    const from = given === undefined ? undefined : { source: given, resource: ofResource };
    for (const metric of ofScope) {
      const { name, unit } = metric.descriptor;
      const kind = kindOf(metric);
      if (kind === undefined || !follows(name, undefined, from)) continue;
      if (kind === 'unknown level') {
        unusable.set(name, 'an up-down counter with delta temporality does not tell its level: give it cumulative');
        continue;
      }
      for (const point of metric.dataPoints) {
        if (!follows(name, point.attributes, from)) continue;
        const value = point.value as number;
        if (!Number.isFinite(value) || (kind !== 'level' && value < 0)) {
          unusable.set(name, `the value ${value} is not a count`);
          continue;
        }
        const key = seriesKey(name, point.attributes, ofOthers);
        const same = points.get(key);
        points.set(key, {
          metric: name,
          unit,
          attributes: point.attributes,
          resource: ofResource,
          scope,
          key,
          source: sourceOf(point.attributes, name, given),
          kind,
          value: same ? same.value + value : value,
          start: Math.max(milliseconds(point.startTime), same?.start ?? 0),
        });
      }
    }
  }
  return [...points.values()];
}

function kindOf(metric: MetricData): SourcePoint['kind'] | 'unknown level' | undefined {
  const type: number = metric.dataPointType;
  if (type === GAUGE) return 'level';
  if (type !== SUM) return undefined;
  const delta = (metric.aggregationTemporality as number) === DELTA;
  if ('isMonotonic' in metric && metric.isMonotonic) return delta ? 'increment' : 'total';
  return delta ? 'unknown level' : 'level';
}

/** By instrument. Producers that give the same attributes object each time spare us the sorting. */
const seriesKeys = new WeakMap<Attributes, Map<string, string>>();

function seriesKey(name: string, attributes: Attributes, ofOthers: string | undefined): string {
  if (ofOthers !== undefined) return `${seriesKey(name, attributes, undefined)}\0\0\0${ofOthers}`;
  let keys = seriesKeys.get(attributes);
  if (keys === undefined) {
    keys = new Map();
    seriesKeys.set(attributes, keys);
  }
  let key = keys.get(name);
  if (key === undefined) {
    key = name + attributesKey(attributes);
    keys.set(name, key);
  }
  return key;
}

/** By resource, and by the text of the scope. */
const originKeys = new WeakMap<object, Map<string, string>>();

/** Stands for a resource and a scope of others, which may be long. */
function originKey(resource: { readonly attributes: Attributes }, scope: ScopeOf): string {
  const { name, version = '', attributes = {} } = scope;
  const text = `${name}\0${version}${attributesKey(attributes)}`;
  let keys = originKeys.get(resource);
  if (keys === undefined) {
    keys = new Map();
    originKeys.set(resource, keys);
  }
  let key = keys.get(text);
  if (key === undefined) {
    key = createHash('sha256')
      .update(`${attributesKey(resource.attributes)}\0\0${text}`)
      .digest('base64url')
      .slice(0, 22);
    keys.set(text, key);
  }
  return key;
}

function attributesKey(attributes: Attributes): string {
  let text = '';
  for (const key of Object.keys(attributes).sort()) {
    const value = attributes[key];
    text += `\0${key}\0${typeof value === 'string' ? value : `\0${JSON.stringify(value)}`}`;
  }
  return text;
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + Math.floor(nanoseconds / 1e6);
}
