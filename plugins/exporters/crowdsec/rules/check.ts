import { isGaugeName, MAX_LENGTH } from '../items.ts';
import type { RuleConfig } from './config.ts';
import { BYPASS, CLEAN, defaultUnit, NONE } from './rules.ts';
import { Template } from './template.ts';

interface RuleProblem {
  /** Below `metrics`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What LAPI would refuse, and what cscli would show other than it was meant. */
export function ruleProblems(rules: readonly RuleConfig[]): RuleProblem[] {
  return rules.flatMap((rule, index) =>
    [...problemsOf(rule)].map(([option, message]) => ({ path: [index, ...option], message })),
  );
}

/** What can be meant, and should be looked at. */
export function ruleWarnings(rules: readonly RuleConfig[]): RuleProblem[] {
  const rows = new Map<string, { index: number; remediation: string }>();
  return rules.flatMap((rule, index) => {
    const { item, unit = defaultUnit(item), origin = '', remediation = 'ban' } = rule;
    if (item !== 'dropped' || !new Template(origin).isFixed) return [];
    const row = JSON.stringify([origin, unit]);
    const before = rows.get(row);
    rows.set(row, before ?? { index, remediation });
    if (!before || before.remediation === remediation) return [];
    const message = `cscli has one line for each origin: "${origin}" is "${before.remediation}" in metrics[${before.index}] and "${remediation}" here, and is shown as one sum`;
    return [{ path: [index, 'remediation'], message }];
  });
}

function* problemsOf(rule: RuleConfig): Generator<readonly [path: readonly string[], message: string]> {
  const { match, where, item, origin, remediation, ip_type } = rule;
  if (stars(match) > 1) yield [['match'], `"${match}" has more than one *: write one rule for each`];
  for (const [key, wanted] of Object.entries(where)) {
    if (/^(attributes|resource|scope):$/.test(key)) yield [['where', key], 'names no attribute'];
    if ([wanted].flat().some((value) => stars(String(value)) > 1))
      yield [['where', key], 'a pattern has one * at most: write a list'];
  }
  for (const option of ['unit', 'origin', 'remediation', 'ip_type'] as const) {
    if (item === NONE && rule[option] !== undefined) yield [[option], 'goes with an item, and "none" is none'];
  }
  if (item === NONE) return;
  if ((item === 'dropped' || item === 'active_decisions') && origin === undefined)
    yield [
      ['origin'],
      `is required: cscli shows ${item} by origin. As in origin: haproxy, or "\${attributes:NAME}" for what each series has`,
    ];
  if (item === 'processed' && origin !== undefined)
    yield [['origin'], 'leave it out: cscli adds all of processed up in its last line, with an origin or without'];
  if (item !== 'dropped' && remediation !== undefined)
    yield [['remediation'], `leave it out: ${item} has none, only dropped has`];
  if (!isGaugeName(item) && ip_type !== undefined)
    yield [['ip_type'], 'leave it out: cscli looks at it for active_decisions alone'];
  for (const option of ['origin', 'remediation', 'ip_type'] as const) {
    const text = rule[option];
    if (text === undefined) continue;
    const template = new Template(text);
    if (template.length > MAX_LENGTH) yield [[option], `CrowdSec takes ${MAX_LENGTH} characters`];
    if (template.hasNameless) yield [[option], `a capture names an attribute, as in \${attributes:NAME}`];
    if (/\$\{/.test(text.replace(/\$\{(attributes|resource|scope):[^}]*\}/g, '')))
      yield [[option], `a capture is \${attributes:NAME}, \${resource:NAME} or \${scope:NAME}`];
  }
  if (origin !== undefined && CLEAN.has(origin))
    yield [['origin'], `"${origin}" is CrowdSec's name for what was let through: count that as processed`];
  if (remediation === BYPASS)
    yield [['remediation'], '"bypass" is CrowdSec\'s name for letting through: count that as processed'];
}

function stars(text: string): number {
  return text.split('*').length - 1;
}
