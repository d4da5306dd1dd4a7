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

/** Stands between the parts of a key; `fitted` items have none. */
const SEPARATOR = '\0';
const NO_LABELS: Readonly<Record<string, string>> = {};

/** Whether cscli keeps the last value of items of this name; all others it adds up. */
export function isGaugeName(name: string): boolean {
  return name === 'active_decisions' || name.endsWith('_gauge');
}

/** Tells items apart: name, unit and labels, in any order of them. */
export function itemKey({ name, unit, labels = NO_LABELS }: UsageItem): string {
  let key = name + SEPARATOR + unit;
  for (const label of Object.keys(labels).sort()) key += SEPARATOR + label + SEPARATOR + labels[label];
  return key;
}

/** Items of equal keys are one row of cscli's table, whatever other labels they have. */
export function rowKey({ name, unit, labels = NO_LABELS }: UsageItem): string {
  return `${name}${SEPARATOR}${unit}${SEPARATOR}${labels.origin ?? ''}${SEPARATOR}${labels.ip_type ?? ''}`;
}

export function withValue({ name, unit, labels }: UsageItem, value: number): ValuedItem {
  return labels ? { name, value, unit, labels } : { name, value, unit };
}

/** The item with whatever LAPI would refuse for its length cut to what it takes. */
export function fitted(item: UsageItem): UsageItem {
  const { name, unit, labels = NO_LABELS } = item;
  let fits = isFit(name) && isFit(unit);
  for (const label in labels) fits &&= isFit(label) && isFit(labels[label]!);
  if (fits) return item;
  const cutLabels = Object.entries(labels).map(([label, value]) => [cut(label), cut(value)]);
  return { name: cut(name), unit: cut(unit), ...(item.labels && { labels: Object.fromEntries(cutLabels) }) };
}

function isFit(text: string): boolean {
  return text.length <= MAX_LENGTH && !text.includes(SEPARATOR);
}

/** By code points, as LAPI counts. */
function cut(text: string): string {
  return [...text.replaceAll(SEPARATOR, '')].slice(0, MAX_LENGTH).join('');
}

/**
 * cscli drops an item as seen when another one of the same second has its row and its value, so two items that differ
 * in remediation alone become one. Puts every such item into a further part, to be sent with a second of its own.
 */
export function withoutCollisions(items: Iterable<ValuedItem>): ValuedItem[][] {
  const parts: { items: ValuedItem[]; seen: Set<string> }[] = [{ items: [], seen: new Set() }];
  for (const item of items) {
    const key = rowKey(item) + SEPARATOR + item.value;
    let part = parts.find(({ seen }) => !seen.has(key));
    if (!part) {
      part = { items: [], seen: new Set() };
      parts.push(part);
    }
    part.items.push(item);
    part.seen.add(key);
  }
  return parts.map((part) => part.items);
}
