/** Levels of what came with a report that are kept: JSON may nest further than what reads it, or writes it, can follow. */
const DEEPEST = 16;
/** What stands in the place of deeper ones. */
const CUT = '…';
/** Members and items of all levels: each is a field to many stores, and VictoriaLogs drops a line with more than a thousand. */
const MOST_MEMBERS = 500;

/** U+0000, and halves of a pair. */
const REFUSED = /\0|\p{Cs}/u;
const EACH_REFUSED = new RegExp(REFUSED, 'gu');
/** The same, and whole pairs: what is looked for first, since it takes a tenth of the time. */
const SUSPECT = /[\0\ud800-\udfff]/;

interface Shallow {
  readonly value: unknown;
  /** There was more. */
  readonly cut: boolean;
}

/**
 * Free JSON as a store of documents takes it: of bounded depth and number, of Unicode, and without U+0000, which
 * Elasticsearch refuses in names and values.
 */
export function shallow(value: unknown): Shallow {
  // Nearly all of it is, and is not copied then.
  if (fits(value, DEEPEST, { members: MOST_MEMBERS })) return { value, cut: false };
  const bounds = { members: MOST_MEMBERS, cut: false };
  return { value: kept(value, DEEPEST, bounds), cut: bounds.cut };
}

function fits(value: unknown, levels: number, left: { members: number }): boolean {
  if (typeof value === 'string') return isClean(value);
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  for (const name in value) {
    if (--left.members < 0 || !isClean(name)) return false;
    if (!fits((value as Record<string, unknown>)[name], levels - 1, left)) return false;
  }
  return true;
}

function isClean(text: string): boolean {
  return !SUSPECT.test(text) || !REFUSED.test(text);
}

function kept(value: unknown, levels: number, bounds: { members: number; cut: boolean }): unknown {
  if (typeof value === 'string') return clean(value);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) {
    bounds.cut = true;
    return CUT;
  }
  const members = Object.entries(value);
  const taken = members.slice(0, bounds.members);
  bounds.members -= taken.length;
  bounds.cut ||= taken.length < members.length;
  const inner = taken.map(([name, member]) => [clean(name), kept(member, levels - 1, bounds)] as const);
  return Array.isArray(value) ? inner.map(([, item]) => item) : Object.fromEntries(inner);
}

/** Text without what no store takes. */
export function clean(text: string): string {
  return isClean(text) ? text : text.replace(EACH_REFUSED, '\ufffd');
}
