/** What a window says: one line of a usage-metrics payload. */
export interface UsageItem {
  /** `dropped`, `processed`, `active_decisions`, or a name of one's own. */
  readonly name: string;
  /** `request`, `packet`, `byte`, `ip`, or a word of one's own. */
  readonly unit: string;
  /** `origin`, `remediation`, `ip_type`. cscli tells items apart by origin and ip_type. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ValuedItem extends UsageItem {
  /** A whole number from 0 to 2^53 - 1. */
  readonly value: number;
}

/** Longest name, unit, label or version that LAPI takes. */
export const MAX_LENGTH = 255;

/** Whether cscli keeps the last value of items of this name; all others it adds up. */
export function isGaugeName(name: string): boolean {
  return name === 'active_decisions' || name.endsWith('_gauge');
}

/** Tells items apart: name, unit and labels, in any order of them. */
export function itemKey({ name, unit, labels = {} }: UsageItem): string {
  const keys = Object.keys(labels).sort();
  return JSON.stringify([name, unit, ...keys.map((key) => [key, labels[key]])]);
}

/** Items of equal keys are one row of cscli's table, whatever other labels they have. */
export function rowKey({ name, unit, labels = {} }: UsageItem): string {
  return JSON.stringify([name, unit, labels.origin ?? '', labels.ip_type ?? '']);
}

/** The item with whatever LAPI would refuse for its length cut to what it takes. */
export function fitted(item: UsageItem): UsageItem {
  const labels = Object.entries(item.labels ?? {});
  const fits = [item.name, item.unit, ...labels.map(([, value]) => value)].every(({ length }) => length <= MAX_LENGTH);
  if (fits) return item;
  return {
    name: cut(item.name),
    unit: cut(item.unit),
    ...(item.labels && { labels: Object.fromEntries(labels.map(([key, value]) => [key, cut(value)])) }),
  };
}

/** By code points, as LAPI counts. */
function cut(text: string): string {
  return text.length <= MAX_LENGTH ? text : [...text].slice(0, MAX_LENGTH).join('');
}

/**
 * cscli drops an item as seen when another one of the same second has its row and its value, so two items that differ
 * in remediation alone become one. Puts every such item into a further part, to be sent with a second of its own.
 */
export function withoutCollisions(items: readonly ValuedItem[]): ValuedItem[][] {
  const parts: ValuedItem[][] = [[]];
  const seen: Set<string>[] = [new Set()];
  for (const item of items) {
    const key = `${rowKey(item)}${item.value}`;
    let part = seen.findIndex((keys) => !keys.has(key));
    if (part === -1) {
      part = parts.push([]) - 1;
      seen.push(new Set());
    }
    parts[part]!.push(item);
    seen[part]!.add(key);
  }
  return parts;
}
