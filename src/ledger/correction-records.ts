import type { PackedRules } from './packed-rules.ts';
import { clockOf, decodeJson, decodeWords, encodeJson, encodeWords, RECORD } from './records.ts';

/** Rules that Couic has and the ledger had not, and the other way round: packed as the reports that would have told. */
export interface CorrectionsRecord {
  /** Milliseconds since the epoch. */
  clock: number;
  instance: string;
  /** See src/report/packed.ts; tags are numbers in the list below plus one, kinds are not used. */
  words: Int32Array;
  tags: string[];
}

/** A list of Couic's rules was compared to its end. */
interface ReconciledRecord {
  clock: number;
  instance: string;
  /** Rules by which the ledger was away from it. */
  drift: number;
}

export function encodeCorrections(clock: number, instance: string, { words, tags }: PackedRules): Uint8Array {
  return encodeWords(RECORD.corrected, clock, words, [instance, tags]);
}

export function decodeCorrections(record: Uint8Array): CorrectionsRecord {
  const { clock, words, tail } = decodeWords<[instance: string, tags: string[]]>(record);
  return { clock, instance: tail[0], words, tags: tail[1] };
}

export function encodeReconciled({ clock, ...rest }: ReconciledRecord): Uint8Array {
  return encodeJson(RECORD.reconciled, clock, rest);
}

export function decodeReconciled(record: Uint8Array): ReconciledRecord {
  return { clock: clockOf(record), ...decodeJson<Omit<ReconciledRecord, 'clock'>>(record) };
}
