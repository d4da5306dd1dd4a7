import type { Path, Position } from './problem.ts';

interface NodeBase {
  readonly at: Position;
  /** The references (`${env:PORT}`) that this value or a part of it was written with. */
  readonly from?: readonly string[];
  /** A variable or a file gave it, or a part of it, and not the default of a reference. Such a value is in no message. */
  readonly given?: boolean;
  /** The text that a reference gave, when the whole value is one reference: used where the schema wants a string. */
  readonly raw?: string;
}

/** A YAML value that knows where it was written. */
export type TreeNode = MapNode | ListNode | ItemNode | ScalarNode;

interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
}

interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly TreeNode[];
}

/** One item of a list that another source has; what is left of it after merging has none. */
interface ItemNode extends NodeBase {
  readonly kind: 'item';
  readonly index: number;
  readonly value: TreeNode;
}

export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** A problem with this value was reported already; what follows from it is not. */
  readonly broken?: true;
  /** It has `${attributes:NAME}` in it: only some options may. */
  readonly captures?: true;
}

export interface Entry {
  readonly keyAt: Position;
  readonly value: TreeNode;
}

/** Merges as the Collector does: maps deep, everything else replaced by the later one; of a list, an item can be. */
export function mergeTrees(base: TreeNode, over: TreeNode): TreeNode {
  if (base.kind === 'list' && over.kind === 'item' && over.index <= base.items.length) {
    const before = base.items[over.index];
    const items = [...base.items];
    items[over.index] = before ? mergeTrees(before, over.value) : over.value;
    return { ...base, items };
  }
  if (base.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const before = entries.get(key);
    entries.set(key, before ? { keyAt: entry.keyAt, value: mergeTrees(before.value, entry.value) } : entry);
  }
  return { ...over, entries };
}

/**
 * The plain value. An empty value (`key:`) becomes undefined, so that the option has its default.
 * @param rawAt - whether the value at this path is to be the text of its reference, not what YAML makes of it.
 */
export function toValue(node: TreeNode, rawAt: (node: TreeNode) => boolean = () => false): unknown {
  if (node.raw !== undefined && rawAt(node)) return node.raw;
  switch (node.kind) {
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toValue(value, rawAt)]));
    case 'list':
      return node.items.map((item) => toValue(item, rawAt));
    case 'item':
      return undefined;
    case 'scalar':
      return node.value ?? undefined;
  }
}

function childOf(node: TreeNode, step: string | number): TreeNode | undefined {
  if (node.kind === 'map') return node.entries.get(String(step))?.value;
  return node.kind === 'list' && typeof step === 'number' ? node.items[step] : undefined;
}

export function nodeAt(root: TreeNode, path: Path): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const step of path) node = node && childOf(node, step);
  return node;
}

/** Where the path was written; of a path that was not, where the nearest part of it was. */
export function positionOf(root: TreeNode, path: Path): Position {
  let at = root.at;
  let node: TreeNode | undefined = root;
  for (const step of path) {
    const key: Entry | undefined = node.kind === 'map' ? node.entries.get(String(step)) : undefined;
    node = childOf(node, step);
    if (!node) return at;
    at = key?.keyAt ?? node.at;
  }
  return at;
}

/** The node and all below it, with their paths from it. */
export function* walk(node: TreeNode, path: Path = []): Generator<{ node: TreeNode; path: Path }> {
  yield { node, path };
  if (node.kind === 'map') for (const [key, { value }] of node.entries) yield* walk(value, [...path, key]);
  if (node.kind === 'list') for (const [index, item] of node.items.entries()) yield* walk(item, [...path, index]);
}
