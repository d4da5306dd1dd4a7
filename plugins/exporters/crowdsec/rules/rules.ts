import type { Contribution, Mapping } from '../mapping.ts';
import { star } from '../origins.ts';
import type { SourcePoint } from '../points.ts';
import type { RuleConfig } from './config.ts';
import { attributeOf, attributePath, Template } from './template.ts';

/** What counts as nothing. */
export const NONE = 'none';
/** CrowdSec's words for what was let through: whose origin or remediation is one of these was not dropped. */
export const CLEAN = new Set(['clean', 'clean_appsec']);
export const BYPASS = 'bypass';
const BAN = 'ban';
/** Metrics of which is remembered what they are. */
const MOST_METRICS = 10_000;
/** Of what was dropped by nobody knows whom. */
const UNKNOWN = 'unknown';

/** One rule, ready to be asked. */
interface Rule {
  readonly item: string;
  /** As written. */
  readonly match: string;
  fits(point: SourcePoint): boolean;
  /** @returns undefined for what was let through. */
  contribution(point: SourcePoint): Contribution | undefined;
}

/** What metrics count as in CrowdSec's words, by rules of the configuration. */
export class Rules {
  readonly #rules: readonly Rule[];
  /** By metric: it is asked for each series of each collection. */
  readonly #parts = new Map<string, string | undefined>();

  constructor(configs: readonly RuleConfig[]) {
    this.#rules = configs.map(ruleOf);
  }

  /**
   * Names the part of what a receiver gives that a metric belongs to: the `match` of the first rule that asks for it. A part
   * that is new in a configuration begins to count where its totals stand.
   * @returns undefined when no rule asks for it.
   */
  partOf(metric: string): string | undefined {
    if (this.#parts.has(metric)) return this.#parts.get(metric);
    const part = this.#rules.find(({ match }) => star(match, metric) !== undefined)?.match;
    if (this.#parts.size >= MOST_METRICS) this.#parts.clear();
    this.#parts.set(metric, part);
    return part;
  }

  /** Every part there is. */
  get parts(): readonly string[] {
    return [...new Set(this.#rules.map(({ match }) => match))];
  }

  /** Whether any rule takes it, be it for nothing. */
  fits(point: SourcePoint): boolean {
    return this.#rules.some((rule) => rule.fits(point));
  }

  /** For each item the first rule that fits. */
  readonly mapping: Mapping = (point) => {
    const items = new Set<string>();
    const contributions: Contribution[] = [];
    for (const rule of this.#rules) {
      if (items.has(rule.item) || !rule.fits(point)) continue;
      if (rule.item === NONE) break;
      items.add(rule.item);
      const contribution = rule.contribution(point);
      if (contribution) contributions.push(contribution);
    }
    return contributions;
  };
}

function ruleOf({ match, where, item, unit, origin, remediation, ip_type }: RuleConfig): Rule {
  const conditions = Object.entries(where).map(([key, wanted]) => condition(key, [wanted].flat().map(String)));
  const texts = {
    origin: origin === undefined ? undefined : new Template(origin),
    remediation: remediation === undefined ? undefined : new Template(remediation),
    ip_type: ip_type === undefined ? undefined : new Template(ip_type),
  };
  const words = { name: item, unit: unit ?? defaultUnit(item) };
  return {
    item,
    match,
    fits: (point) => star(match, point.metric) !== undefined && conditions.every((holds) => holds(point)),
    contribution: (point) => {
      const labels = item === 'dropped' ? droppedLabels(point, texts) : labelsOf(point, texts);
      return labels && { ...words, ...(Object.keys(labels).length > 0 && { labels }) };
    },
  };
}

export function defaultUnit(item: string): string {
  return item === 'active_decisions' ? 'ip' : 'request';
}

function condition(key: string, wanted: readonly string[]): (point: SourcePoint) => boolean {
  const path = attributePath(key);
  return (point) => {
    const text = attributeOf(point, path) ?? '';
    return wanted.some((pattern) => (pattern === '' ? text === '' : star(pattern, text) !== undefined));
  };
}

type Texts = Readonly<Record<'origin' | 'remediation' | 'ip_type', Template | undefined>>;

/**
 * The final remediation decides: what has none, by a rule that looks for one, was let through. What was dropped counts as
 * dropped, whether or not it says by whom.
 */
function droppedLabels(point: SourcePoint, { origin, remediation }: Texts): Record<string, string> | undefined {
  const done = remediation ? (remediation.of(point) ?? BYPASS) : BAN;
  const by = origin?.of(point) ?? UNKNOWN;
  return done === BYPASS || CLEAN.has(by) ? undefined : { origin: by, remediation: done };
}

function labelsOf(point: SourcePoint, texts: Texts): Record<string, string> {
  const labels = Object.entries(texts).map(([label, text]) => [label, text?.of(point)] as const);
  return Object.fromEntries(labels.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
