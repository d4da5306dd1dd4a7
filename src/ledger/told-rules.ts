import type { Entry } from '../log/log.ts';
import { ERASED, REMOVE } from '../report/packed.ts';
import type { Quarantined } from '../report/quarantine.ts';
import { decodeCorrections } from './correction-records.ts';
import { decodeChunk, decodeExpiredRules, kindOf, metadataOf, RECORD } from './records.ts';

/** What became of a rule. `brought_in` and `taken_out`: by a comparison with Couic's own list, without a report. */
export type RuleChange = 'added' | 'removed' | 'expired' | 'brought_in' | 'taken_out';

/** Rules of one Couic that came or left: packed, since they are many, and not all of them are wanted by whoever reads. */
export interface ToldRules {
  readonly instance: string;
  /** See src/report/packed.ts. */
  readonly words: Int32Array;
  /** By their numbers less one. */
  readonly tags: readonly string[];
  readonly kinds: readonly string[];
  /** What became of those with REMOVE, and of the others. */
  readonly gone: RuleChange;
  readonly come: RuleChange;
}

/** What an entry of the log tells of single rules and reports. */
interface Told {
  /** When it was written down, ms since the epoch. */
  readonly clock: number;
  /** Numbered through all parts, in their order. */
  readonly parts: readonly ToldRules[];
  /** Of the reports of a chunk: see metadata-texts.ts. */
  readonly metadata: Uint8Array;
  /** Of the Couic of the one part. */
  readonly quarantined: readonly Quarantined[];
}

const NO_BYTES = new Uint8Array();

/** @returns null for entries of other topics, and for records of other kinds. */
export function toldBy({ topic, record }: Pick<Entry, 'topic' | 'record'>): Told | null {
  if (topic !== 'ledger' && !topic.startsWith('couic/')) return null;
  switch (kindOf(record)) {
    case RECORD.chunk: {
      const { clock, quarantined, ...rules } = decodeChunk(record);
      const parts = [{ ...rules, come: 'added', gone: 'removed' } as const];
      return { clock, parts, metadata: metadataOf(record), quarantined };
    }
    case RECORD.corrected: {
      const { clock, ...rules } = decodeCorrections(record);
      const parts = [{ ...rules, kinds: [], come: 'brought_in', gone: 'taken_out' } as const];
      return { clock, parts, metadata: NO_BYTES, quarantined: [] };
    }
    case RECORD.expiredRules: {
      const { clock, parts } = decodeExpiredRules(record);
      const told = parts.map((part) => ({ ...part, kinds: [], come: 'expired', gone: 'expired' }) as const);
      return { clock, parts: told, metadata: NO_BYTES, quarantined: [] };
    }
    default:
      return null;
  }
}

/** What became of the rule at a place. @returns null of one that was erased. */
export function changeAt({ words, come, gone }: ToldRules, at: number): RuleChange | null {
  const word0 = words[at]!;
  if ((word0 & ERASED) !== 0) return null;
  return (word0 & REMOVE) === 0 ? come : gone;
}
