import type { Attributes } from '@opentelemetry/api';
import { isInstance } from '../../../src/service/metric-source.ts';
import { ATTR } from '../../../src/telemetry/names.ts';
import type { CrowdSecConfig } from './config.ts';
import { COUIC_METRICS, couicMapping, isHistory, laterMetrics } from './couic-mapping.ts';
import type { Mapping } from './mapping.ts';
import { COUIC, OTHER_ORIGIN } from './origins.ts';
import type { Follows, SourceOf, SourcePoint } from './points.ts';
import { Rules } from './rules/rules.ts';

/** What of the bridge's metrics counts as what, by the configuration. */
export interface Counting {
  readonly mapping: Mapping;
  readonly follows: Follows;
  /** Whether this exporter tells of what such a resource measures. */
  isAsked(resource: Attributes): boolean;
  readonly sourceOf: SourceOf;
  /** Whether it is of Couic, or a rule says what it is. */
  knows(point: SourcePoint): boolean;
  /** @param names - of Couic instances and receivers. @returns all that `sourceOf` may say of theirs. */
  sources(names: readonly string[]): readonly string[];
  readonly maxOrigins: number;
  readonly otherOrigin: string;
  readonly reservedOrigins: readonly string[];
}

/**
 * Couic's metrics by Couic's mapping, those of others by rules; a rule that fits one of Couic's comes before.
 * @param onUnknown - told of values of `per` that have no key.
 */
export function countingOf(
  config: CrowdSecConfig,
  onUnknown: (attribute: string, value: Attributes[string]) => void = () => {},
): Counting {
  const couic = couicMapping(config);
  const rules = new Rules(config.metrics ?? []);
  const { only } = config;
  const later = laterMetrics();
  const ofCouic = (instance: string, metric: string) => (later.includes(metric) ? part(instance, metric) : instance);
  const isAsked = (resource: Attributes) => {
    if (only === undefined) return true;
    const value = resource[only.attribute];
    if (only.known !== undefined && !only.known.includes(String(value ?? ''))) onUnknown(only.attribute, value);
    return String(value ?? '') === only.value;
  };
  return {
    mapping: (point) => {
      if (rules.fits(point)) return rules.mapping(point);
      return isInstance(point.source) ? couic(point) : undefined;
    },
    knows: (point) => isInstance(point.source) || rules.fits(point),
    isAsked,
    follows: (metric, attributes = {}, from) => {
      if (from === undefined) return only === undefined && COUIC_METRICS.has(metric) && !isHistory(attributes);
      return rules.partOf(metric) !== undefined && isAsked(from.resource);
    },
    // The ledger gives a series until it is forgotten, and so does a receiver; what comes after that begins later.
    sourceOf: (attributes: Attributes, metric, given) =>
      given === undefined
        ? ofCouic(String(attributes[ATTR.instance]), metric)
        : part(given, rules.partOf(metric) ?? ''),
    sources: (names) =>
      names.flatMap((name) => {
        if (!isInstance(name)) return rules.parts.map((match) => part(name, match));
        return [name, ...later.map((metric) => part(name, metric))];
      }),
    maxOrigins: config.max_origins,
    otherOrigin: OTHER_ORIGIN,
    reservedOrigins: [COUIC],
  };
}

/** `receiver/otlp haproxy_*`, `paris couic.rule.expirations`: no name of an instance. */
function part(source: string, metric: string): string {
  return `${source} ${metric}`;
}
