import type { ZodType, z } from 'zod';
import { collectorOptionAdvice } from './collector-options.ts';
import { describeIssue, describeUnknownKey, QUOTE_IT } from './describe-issue.ts';
import { knownKeys } from './json-schema.ts';
import type { Path, Problem } from './problem.ts';
import { redact, secretValues } from './redact.ts';
import { nodeAt, positionOf, type TreeNode, toValue, walk } from './tree.ts';

type Issue = z.core.$ZodIssue;

/** A shell takes quotes away that are not in others. */
const IN_SHELL = `, inside those of the shell: --set 'KEY="VALUE"'`;

/** A part of the configuration that one schema describes. */
interface Section<T> {
  readonly schema: ZodType<T>;
  readonly path: Path;
  /** Paths of secrets below `path`. */
  readonly secrets?: readonly (readonly string[])[];
}

/**
 * Checks one section of the whole configuration.
 * @returns what the schema makes of it, or undefined with every problem reported.
 */
export function checkSection<T>(
  root: TreeNode,
  { schema, path, secrets = [] }: Section<T>,
  report: (problem: Problem) => void,
): T | undefined {
  const node = nodeAt(root, path);
  // `prometheus:` with nothing below is a section of defaults.
  const parse = (raws: ReadonlySet<TreeNode>) =>
    schema.safeParse((node && toValue(node, (each) => raws.has(each))) ?? {}, { error: describeIssue });
  let result = parse(new Set());
  if (result.success) return result.data;
  const raws = node ? wantedAsText(result.error.issues, node) : new Set<TreeNode>();
  if (raws.size > 0) result = parse(raws);
  if (result.success) return result.data;

  const hidden = node ? secretValues(node, secrets) : [];
  for (const { issue, keys } of flatten(result.error.issues)) {
    const at = issue.path as Path;
    const target = node && nodeAt(node, at);
    if (target && isBroken(target)) continue;
    for (const key of keys) {
      const full = [...path, ...at, key];
      const message = collectorOptionAdvice(full) ?? describeUnknownKey(key, knownKeys(schema, at));
      report({ severity: 'error', at: positionOf(root, full), path: full, message });
    }
    if (keys.length > 0) continue;
    const full = [...path, ...at];
    const position = positionOf(root, full);
    const shell = issue.message.endsWith(QUOTE_IT) && position.source.startsWith('--set ') ? IN_SHELL : '';
    const from = target?.from
      ? ` (the value is ${target.given ? 'from' : 'the default of'} ${target.from.join(', ')})`
      : '';
    report({
      severity: 'error',
      at: position,
      path: full,
      message: redact(issue.message, hidden) + shell + from,
    });
  }
  return undefined;
}

/** Values that are one reference, that YAML did not read as a string, where the schema wants one. */
function wantedAsText(issues: readonly Issue[], node: TreeNode): Set<TreeNode> {
  const found = new Set<TreeNode>();
  for (const { issue } of flatten(issues, true)) {
    const target = nodeAt(node, issue.path as Path);
    if (issue.code === 'invalid_type' && issue.expected === 'string' && target?.raw !== undefined) found.add(target);
  }
  return found;
}

/** Replaces an issue of a union by those of the alternative that came furthest; with `all`, by those of every one. */
function flatten(issues: readonly Issue[], all = false): { issue: Issue; keys: readonly string[] }[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return [{ issue, keys: issue.keys }];
    if (issue.code !== 'invalid_union') return [{ issue, keys: [] }];
    const branches = issue.errors.map((branch) =>
      flatten(
        branch.map((each) => ({ ...each, path: [...issue.path, ...each.path] })),
        all,
      ),
    );
    if (all) return branches.flat();
    const deep = branches.filter((branch) =>
      branch.every((each) => each.keys.length > 0 || isBelow(each.issue, issue)),
    );
    const best = deep.toSorted((a, b) => a.length - b.length)[0];
    return best ?? [{ issue, keys: [] }];
  });
}

const isBelow = (issue: Issue, union: Issue) => issue.path.length > union.path.length;

function isBroken(node: TreeNode): boolean {
  for (const { node: each } of walk(node)) if (each.kind === 'scalar' && each.broken) return true;
  return false;
}
