import type { Attributes, AttributeValue } from '@opentelemetry/api';

/** Characters of the attributes of one series, as `attributesKey` writes them. */
export const LONGEST_ATTRIBUTES = 4096;
/** Strings of which one copy is kept for all series that come soon after one another. */
const MOST_SHARED = 10_000;

/** Tells attribute sets apart, in whatever order they came. */
export function attributesKey(attributes: Attributes): string {
  let isSorted = true;
  let last = '';
  let text = '';
  for (const key in attributes) {
    if (key < last) isSorted = false;
    last = key;
    text += pair(key, attributes[key]);
  }
  if (isSorted) return text;
  return Object.keys(attributes)
    .sort()
    .reduce((all, key) => all + pair(key, attributes[key]), '');
}

/**
 * The same text in one piece: V8 keeps what was put together as a tree of its parts, which takes five times as much, for as
 * long as somebody has it.
 */
export function compact(text: string): string {
  const encoding = /[\u0100-\uffff]/.test(text) ? 'utf16le' : 'latin1';
  return Buffer.from(text, encoding).toString(encoding);
}

function pair(key: string, value: AttributeValue | undefined): string {
  // A string with a zero in it would be another one's separator; such text is written as JSON, which has none.
  return typeof value === 'string' && !value.includes('\0') && !key.includes('\0')
    ? `${key}\0${value}\0`
    : `${JSON.stringify(key)}\0\0${JSON.stringify(value)}\0`;
}

/** Gives one copy of strings that are equal: values of attributes come again and again. */
export class Shared {
  readonly #strings = new Map<string, string>();

  of(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    if (this.#strings.size >= MOST_SHARED) this.#strings.clear();
    this.#strings.set(text, text);
    return text;
  }
}
