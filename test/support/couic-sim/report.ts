/** What Couic reports. */
export interface CouicReport {
  action: 'add' | 'remove';
  policy: Policy;
  entry: CouicEntry;
  metadata: CouicMetadata | null;
}

export type Policy = 'drop' | 'ignore';

export interface CouicEntry {
  /** Unix seconds of the Couic host. */
  creation: number;
  cidr: string;
  /** Of a rule without one: null in the report of its add, `""` in that of its remove and in lists. */
  tag: string | null;
  /** Unix seconds, any u64; 0 = never. */
  expiration: number | bigint;
}

export interface CouicMetadata {
  kind: string;
  detail: string;
  extra: Record<string, unknown> | null;
}

/** The text of one report, byte for byte as Couic writes it (serde_json: its order of fields, no spaces). */
export function reportText({ action, policy, entry, metadata }: CouicReport): string {
  return `{"action":"${action}","policy":"${policy}","entry":${entryText(entry)},"metadata":${metadataText(metadata)}}`;
}

/** The text of one rule in a report or a list. */
export function entryText({ creation, cidr, tag, expiration }: CouicEntry): string {
  return `{"creation":${creation},"cidr":"${cidr}","tag":${JSON.stringify(tag)},"expiration":${expiration}}`;
}

function metadataText(metadata: CouicMetadata | null): string {
  if (metadata === null) return 'null';
  const { kind, detail, extra } = metadata;
  return JSON.stringify({ kind, detail, extra: sorted(extra) });
}

/** The keys of `extra` come in order, whatever order the API's client wrote. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
