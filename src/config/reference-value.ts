import { isAlias, isMap, isNode, isScalar, isSeq, type ParsedNode, parseDocument } from 'yaml';
import type { Position } from './problem.ts';
import type { Entry, TreeNode } from './tree.ts';

/** What each value of it says of where it came from. */
type Origin = Pick<TreeNode, 'from' | 'given'>;

/**
 * What a value becomes that is one reference and nothing else: a number, `true`, `false` or a list where it is plainly
 * one, nothing when it is empty, else exactly the text that was given. A secret may begin with whatever it likes, and YAML has a meaning for most
 * of that: so only lists are given to the YAML library at all.
 */
export function referenceValue(text: string, at: Position, origin: Origin): TreeNode {
  return { ...read(text, at, origin), raw: text };
}

const NUMBER = /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i;
const BOOLEAN = /^(true|false)$/i;
/** `[a, b]`, or an entry a line: `- a`. */
const LIST = /^(\[.*\]|- .*)$/s;

function read(text: string, at: Position, origin: Origin): TreeNode {
  const word = text.trim();
  if (word === '') return { kind: 'scalar', value: null, at, ...origin };
  if (NUMBER.test(word)) return { kind: 'scalar', value: Number(word), at, ...origin };
  if (BOOLEAN.test(word)) return { kind: 'scalar', value: word.toLowerCase() === 'true', at, ...origin };
  const list = LIST.test(word) ? readList(text, at, origin) : undefined;
  return list ?? { kind: 'scalar', value: text, at, ...origin };
}

/** Undefined for what is no list after all. */
function readList(text: string, at: Position, origin: Origin): TreeNode | undefined {
  try {
    const { contents, errors } = parseDocument(text, { prettyErrors: false });
    return errors.length === 0 && isSeq(contents) ? build(contents, at, origin) : undefined;
  } catch {
    // The library's words may hold the text. Too many brackets are no list that anybody meant.
    return undefined;
  }
}

/** Undefined when something is in it that is more than data: an alias, an anchor, a type. */
function build(node: ParsedNode | unknown, at: Position, origin: Origin): TreeNode | undefined {
  if (node === null) return { kind: 'scalar', value: null, at, ...origin };
  if (!isNode(node) || isAlias(node) || node.tag?.startsWith('!') || ('anchor' in node && node.anchor))
    return undefined;
  if (isSeq(node)) {
    const items: TreeNode[] = [];
    for (const each of node.items) {
      const item = build(each, at, origin);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return { kind: 'list', at, ...origin, items };
  }
  if (isMap(node)) {
    const entries = new Map<string, Entry>();
    for (const { key, value: given } of node.items) {
      const value = build(given, at, origin);
      if (value === undefined || !isScalar(key)) return undefined;
      entries.set(String(key.value), { keyAt: at, value });
    }
    return { kind: 'map', at, ...origin, entries };
  }
  if (!isScalar(node)) return undefined;
  const { value } = node;
  const known = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return { kind: 'scalar', value: known ? value : null, at, ...origin };
}
