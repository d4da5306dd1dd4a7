import { blankMetadata } from '../report/metadata-texts.ts';
import { ERASED, wordsOf } from '../report/packed.ts';
import type { Quarantined } from '../report/quarantine.ts';
import { type ChunkTail, type ExpiredRulesTail, kindOf, parse, putJson, putWords, RECORD, wordsIn } from './records.ts';
import type { Subject } from './subject.ts';

/**
 * Overwrites what a record of the ledger says of somebody, in place: for those who read events of it, and nobody else.
 * Reports keep their places, and say that they were erased.
 * @returns whether there was anything.
 */
export function blankRecord(record: Uint8Array, subject: Subject): boolean {
  switch (kindOf(record)) {
    case RECORD.chunk:
      return blankChunk(record, subject);
    case RECORD.corrected:
      return blankCorrections(record, subject);
    case RECORD.expiredRules:
      return blankExpired(record, subject);
    default:
      return subject.scrub(record);
  }
}

function blankChunk(record: Uint8Array, subject: Subject): boolean {
  const { words, rest } = wordsIn(record);
  const metadataBytes = rest.readUInt32LE();
  const end = rest.subarray(4 + metadataBytes);
  const [instance, body, tags, kinds, quarantined] = parse<ChunkTail>(end);
  const gone = blankReports(words, tags, subject);
  if (gone.size > 0) putWords(record, words);
  const scrub = (text: Uint8Array) => subject.scrub(text);
  const inMetadata = blankMetadata(rest.subarray(4, 4 + metadataBytes), (report) => gone.has(report), scrub);
  const without = (text: string) => (subject.isIn(text) ? '' : text);
  const tail: ChunkTail = [instance, body, tags.map(without), kinds.map(without), quarantined.map(textless(subject))];
  if (JSON.stringify(tail) === JSON.stringify([instance, body, tags, kinds, quarantined]))
    return gone.size > 0 || inMetadata;
  putJson(end, tail);
  return true;
}

function textless(subject: Subject): (report: Quarantined) => Quarantined {
  return ({ reason, text }) => ({ reason, text: text !== null && subject.isIn(text) ? null : text });
}

function blankCorrections(record: Uint8Array, subject: Subject): boolean {
  const { words, rest } = wordsIn(record);
  const [instance, tags] = parse<[instance: string, tags: string[]]>(rest);
  if (blankReports(words, tags, subject).size === 0) return false;
  putWords(record, words);
  putJson(rest, [instance, tags.map((tag) => (tag === subject.tag ? '' : tag))]);
  return true;
}

function blankExpired(record: Uint8Array, subject: Subject): boolean {
  const { words, rest } = wordsIn(record);
  const parts = parse<ExpiredRulesTail>(rest);
  let at = 0;
  let found = false;
  for (const [, length, tags] of parts) {
    found = blankReports(words.subarray(at, at + length), tags, subject).size > 0 || found;
    at += length;
  }
  if (!found) return false;
  putWords(record, words);
  putJson(
    rest,
    parts.map(([instance, length, tags]) => [instance, length, tags.map((tag) => (tag === subject.tag ? '' : tag))]),
  );
  return true;
}

/** @returns the numbers of those that were overwritten. */
function blankReports(words: Int32Array, tags: readonly string[], subject: Subject): ReadonlySet<number> {
  const gone = new Set<number>();
  for (let at = 0, report = 0; at < words.length; report++) {
    const length = wordsOf(words[at]!);
    const tag = words[at + 1]!;
    const isErased = (words[at]! & ERASED) !== 0;
    if (!isErased && subject.isOf(words, at, tag === 0 ? null : tags[tag - 1]!)) {
      words[at]! |= ERASED;
      words.fill(0, at + 5, at + length);
      gone.add(report);
    }
    at += length;
  }
  return gone;
}
