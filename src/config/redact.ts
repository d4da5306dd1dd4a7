import { type TreeNode, walk } from './tree.ts';

export const REDACTED = '[redacted]';

/** Option names whose value is a secret even where a factory forgot to say so; the path of a file is none. */
const SECRET_NAME = /(^|[_-])(tokens?|keys?|passwords?|secrets?|authorization|webhook)$/i;

/** Whether the option at `path`, below a component, is a secret. */
export function isSecret(path: readonly (string | number)[], secrets: readonly (readonly string[])[]): boolean {
  if (path.some((step) => typeof step === 'string' && SECRET_NAME.test(step))) return true;
  return secrets.some((pattern) => isAt(path, pattern));
}

/** Whether it is the option of this pattern, or one below it; `*` is any step. */
export function isAt(path: readonly (string | number)[], pattern: readonly string[]): boolean {
  return pattern.length <= path.length && pattern.every((step, index) => step === '*' || step === path[index]);
}

/** The values below `node` that no message may hold: those at secret paths, and those that variables and files gave. */
export function secretValues(node: TreeNode, secrets: readonly (readonly string[])[]): string[] {
  const found = new Set<string>();
  for (const { node: each, path } of walk(node)) {
    if (each.kind !== 'scalar' || each.value === null) continue;
    if (each.given || isSecret(path, secrets)) {
      found.add(String(each.value));
      if (each.raw !== undefined) found.add(each.raw);
    }
  }
  return [...found].filter((value) => value !== '').toSorted((a, b) => b.length - a.length);
}

/** Takes secret values out of a message; short ones only where they stand alone, or every letter would go. */
export function redact(message: string, values: readonly string[]): string {
  let text = message;
  for (const value of values) {
    if (value.length >= 4) text = text.replaceAll(value, REDACTED);
    else text = text.replaceAll(`"${value}"`, REDACTED);
  }
  return text;
}
