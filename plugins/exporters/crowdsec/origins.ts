import { OTHER, UNTAGGED } from '../../../src/telemetry/names.ts';
import { MAX_LENGTH } from './items.ts';

/** Names the origin of the rules whose tag matches; the first match wins. */
export interface OriginRule {
  /** A tag, or a pattern with one `*` for any run of characters. */
  readonly tag: string;
  /** What CrowdSec shows; a `*` in it is what the `*` of `tag` stood for. */
  readonly origin: string;
  /** What befalls the traffic of these rules. @default 'ban' */
  readonly remediation?: string | undefined;
}

export interface Origin {
  readonly origin: string;
  readonly remediation: string;
}

/** What no tag accounts for. */
export const COUIC = 'couic';
/** Stands for all origins beyond the most that one exporter may have. Not `couic:other`, which is that of a tag. */
export const OTHER_ORIGIN = 'couic-other';
const DEFAULT_REMEDIATION = 'ban';
/** CrowdSec's own words for what was let through: they never stand for a dropped packet. */
const RESERVED = { origin: 'clean', remediation: 'bypass' };
/** Tags whose origin is remembered. */
const MOST_KNOWN = 10_000;
/** Couic allows 64 characters, and a set's name has a suffix. */
const LONGEST_TAG = 80;

const DEFAULTS: readonly OriginRule[] = [
  { tag: UNTAGGED, origin: COUIC },
  { tag: OTHER, origin: OTHER_ORIGIN },
  { tag: '*.couic', origin: 'couic:set:*' },
  { tag: '*', origin: 'couic:*' },
];

/**
 * The origin of each tag. A rule whose pattern would make an empty origin, or CrowdSec's own `clean`, is passed over. An origin has one remediation, whichever rule led to it, or cscli would take two of its items
 * for one: that of the first rule that can give this origin.
 */
export class Origins {
  readonly #rules: readonly OriginRule[];
  readonly #known = new Map<string, Origin>();

  constructor(rules: readonly OriginRule[]) {
    this.#rules = [...rules, ...DEFAULTS];
  }

  ofTag(tag: string): Origin {
    let origin = this.#known.get(tag);
    if (!origin) {
      origin = this.named(firstOrigin(this.#rules, tag));
      // Tags come and are forgotten for as long as the process runs.
      if (this.#known.size >= MOST_KNOWN) this.#known.clear();
      this.#known.set(tag, origin);
    }
    return origin;
  }

  /** An origin by its own name. */
  named(origin: string): Origin {
    const rule = this.#rules.find((candidate) => star(candidate.origin, origin) !== undefined);
    return { origin, remediation: rule?.remediation ?? DEFAULT_REMEDIATION };
  }
}

function firstOrigin(rules: readonly OriginRule[], tag: string): string {
  for (const rule of rules) {
    const found = star(rule.tag, tag);
    if (found === undefined) continue;
    const origin = rule.origin.replace('*', () => found);
    // A pattern makes no origin that may not be written out: the next rule has its turn.
    if (origin !== '' && origin !== RESERVED.origin) return origin;
  }
  return COUIC;
}

/** @returns what the `*` of the pattern stands for, empty when it has none; undefined when it does not match. */
export function star(pattern: string, text: string): string | undefined {
  const at = pattern.indexOf('*');
  if (at === -1) return pattern === text ? '' : undefined;
  const head = pattern.slice(0, at);
  const tail = pattern.slice(at + 1);
  const fits = text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
  return fits ? text.slice(head.length, text.length - tail.length) : undefined;
}

interface OriginProblem {
  readonly index: number;
  readonly option: keyof OriginRule;
  readonly message: string;
}

/** Everything that is wrong with a list of rules. */
export function originProblems(rules: readonly OriginRule[]): OriginProblem[] {
  const problems: OriginProblem[] = [];
  const remediations = new Map<string, { index: number; remediation: string }>();
  for (const [index, { tag, origin, remediation = DEFAULT_REMEDIATION }] of rules.entries()) {
    const say = (option: keyof OriginRule, message: string) => problems.push({ index, option, message });
    if (stars(tag) > 1) say('tag', `"${tag}" has more than one *: write one rule for each form of the tag`);
    if (stars(origin) > stars(tag)) say('origin', `"${origin}" has a * and the tag "${tag}" has none to fill it`);
    if (stars(origin) > 1) say('origin', `"${origin}" has more than one *`);
    const longest = origin.length + (stars(origin) === 0 ? 0 : LONGEST_TAG);
    if (longest > MAX_LENGTH) say('origin', `can become ${longest} characters long; CrowdSec takes ${MAX_LENGTH}`);
    if (remediation.length > MAX_LENGTH)
      say('remediation', `is longer than the ${MAX_LENGTH} characters CrowdSec takes`);
    if (origin === RESERVED.origin) say('origin', '"clean" is CrowdSec\'s name for what was let through');
    if (remediation === RESERVED.remediation) {
      say('remediation', '"bypass" is CrowdSec\'s name for letting through; a drop rule does the opposite');
    }
    const before = remediations.get(origin);
    if (before && before.remediation !== remediation) {
      say(
        'remediation',
        `an origin has one remediation, or cscli counts two of its items as one: "${origin}" is "${before.remediation}" in origins[${before.index}] and "${remediation}" here`,
      );
    }
    if (!before) remediations.set(origin, { index, remediation });
  }
  return problems;
}

function stars(text: string): number {
  return text.split('*').length - 1;
}
