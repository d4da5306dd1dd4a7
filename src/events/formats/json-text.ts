import { printable } from '../../telemetry/printable.ts';
import { clean } from './shallow.ts';

/** Most texts are of it alone, and nothing in it splits a line. */
const ASCII = /^[ -~]*$/;
/** What JSON writes as it is. */
const VERBATIM = /^[ !#-[\]-~]*$/;
/** Names that are kept; there are seldom more tags. */
const MOST_NAMES = 1024;
const LONGEST_NAME = 256;
const names = new Map<string, string>();

/**
 * JSON without a line end in it, for whatever splits text into lines: some do so at U+2028 and U+0085 too, which JSON leaves as they are.
 * Read as JSON, it is what it was.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  return ASCII.test(text) ? text : printable(text);
}

/** The same for text without what no store takes. */
export function stringText(text: string): string {
  return VERBATIM.test(text) ? `"${text}"` : jsonText(clean(text));
}

/** The same for names of tags and Couics, which come again and again. */
export function nameText(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const text = stringText(name);
  if (name.length > LONGEST_NAME) return text;
  if (names.size >= MOST_NAMES) names.clear();
  names.set(name, text);
  return text;
}
