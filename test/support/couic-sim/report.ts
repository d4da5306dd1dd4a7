/** What Couic reports, in the order of fields in which it writes them (serde_json: no spaces). */
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
  tag: string | null;
  /** Unix seconds; 0 = never. */
  expiration: number;
}

export interface CouicMetadata {
  kind: string;
  detail: string;
  extra: Record<string, unknown> | null;
}

/** The text of one report, byte for byte as Couic writes it. */
export function reportText({ action, policy, entry, metadata }: CouicReport): string {
  const { creation, cidr, tag, expiration } = entry;
  return JSON.stringify({
    action,
    policy,
    entry: { creation, cidr, tag, expiration },
    metadata: metadata && { kind: metadata.kind, detail: metadata.detail, extra: metadata.extra },
  });
}
