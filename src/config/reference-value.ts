import { parseDocument } from 'yaml';
import type { Position } from './problem.ts';
import type { Entry, TreeNode } from './tree.ts';

/**
 * What a value becomes that is one reference and nothing else: as in the Collector, YAML decides (`9464` is a number,
 * `{a: b}` a map), and a string stays exactly the text that was given, `#`, quotes and all.
 */
export function referenceValue(text: string, at: Position, from: readonly string[]): TreeNode {
  return { ...build(readValue(text), at, from), raw: text };
}

function readValue(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  if (document.errors.length > 0) return text;
  const value: unknown = document.toJS();
  if (value === null) return /^(?:|null|Null|NULL|~)$/.test(text.trim()) ? null : text;
  return typeof value === 'string' ? text : value;
}

function build(value: unknown, at: Position, from: readonly string[]): TreeNode {
  if (Array.isArray(value)) return { kind: 'list', at, from, items: value.map((item) => build(item, at, from)) };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]): [string, Entry] => [
      key,
      { keyAt: at, value: build(item, at, from) },
    ]);
    return { kind: 'map', at, from, entries: new Map(entries) };
  }
  const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  return { kind: 'scalar', value: scalar, at, from };
}
