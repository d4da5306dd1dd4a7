import { DEFAULT_LIMITS, RULE_LIMITS } from '../../../src/ledger/attribute-limits.ts';
import { encodeChunk, encodeSettings } from '../../../src/ledger/records.ts';
import { packTimesHigh, WORDS_IPV4 } from '../../../src/report/packed.ts';
import { ReportChunk } from '../../../src/report/report-chunk.ts';

export const CLOCK = 1_704_067_300_000;
const PER_CHUNK = 4096;

export interface RuleOptions {
  /** What comes beyond the rules that one Couic holds is of `NAME-1`, `NAME-2` … @default couic */
  readonly instance?: string;
  /** Number of the first rule: its address. */
  readonly from?: number;
  readonly tags?: number;
  /** Unix seconds of the n-th rule's end; 0 for never. */
  expiration(n: number): number;
}

/** The instances that so many rules are of, the first of the bridge's configuration on. */
export function instancesOf(rules: number, instance = 'couic'): string[] {
  const blocks = Math.max(1, Math.ceil(rules / RULE_LIMITS.drop));
  return Array.from({ length: blocks }, (_, block) => nameOf(instance, block));
}

function nameOf(instance: string, block: number): string {
  return block === 0 ? instance : `${instance}-${block}`;
}

/** Records that add so many rules, as the intake writes them. */
export function* ruleRecords(count: number, options: RuleOptions): Generator<{ record: Uint8Array; origin: unknown }> {
  const { instance = 'couic', from = 0, tags = 50, expiration } = options;
  const creation = CLOCK / 1000 - 100;
  let body = 0;
  for (let n = from; n < from + count; ) {
    const chunk = new ReportChunk();
    const block = Math.floor(n / RULE_LIMITS.drop);
    const end = Math.min(from + count, (block + 1) * RULE_LIMITS.drop);
    for (; n < end && chunk.reports < PER_CHUNK; n++) {
      chunk.reserve();
      const at = chunk.length;
      const expires = expiration(n);
      chunk.words[at] = 32 << 8;
      chunk.words[at + 1] = chunk.tags.internString(`scanner-${n % tags}`) + 1;
      chunk.words[at + 2] = creation;
      chunk.words[at + 3] = expires;
      chunk.words[at + 4] = packTimesHigh(creation, expires);
      chunk.words[at + 5] = 0x01000000 + n;
      chunk.length += WORDS_IPV4;
      chunk.reports++;
    }
    const link = { offset: ++body, hash: `head-${from}-${body}`, elements: chunk.reports };
    yield encodeChunk(CLOCK, nameOf(instance, block), { keep: 0, links: [link] }, chunk);
  }
}

export function settingsRecord(): Uint8Array {
  return encodeSettings({ clock: CLOCK, limits: DEFAULT_LIMITS, tellsExpired: false });
}
