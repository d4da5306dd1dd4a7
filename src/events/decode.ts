import { decodeCorrections } from '../ledger/correction-records.ts';
import { decodeChunk, decodeExpiredRules, kindOf, metadataOf, RECORD } from '../ledger/records.ts';
import type { Entry } from '../log/log.ts';
import { formatCidr } from '../report/cidr.ts';
import { readMetadata } from '../report/metadata-texts.ts';
import { cidrOf, creationOf, ERASED, expirationOf, IGNORE, REMOVE, wordsOf } from '../report/packed.ts';
import type { CouicEvent, EventMetadata, EventNetwork, RuleEvent } from './event.ts';

/** What all events of an entry share. */
interface Source {
  readonly idPrefix: string;
  /** Milliseconds since the epoch, by the clock that the bridge believes. */
  readonly clock: number;
  readonly instance: string;
}

/** Rules as records hold them. */
interface Packed {
  readonly words: Int32Array;
  readonly tags: readonly string[];
}

/** A `metadata` of a report, decoded. */
interface Kept {
  readonly metadata: EventMetadata;
  readonly isCut: boolean;
}

/**
 * What an entry of the log tells: one event for each rule that came or left, and for each report that was not valid.
 * Entries of other topics, and records of other kinds, tell nothing.
 * @param logId - the log's own UUID.
 */
export function* eventsOf(entry: Entry, logId: string): Generator<CouicEvent> {
  const { topic, record } = entry;
  if (topic !== 'ledger' && !topic.startsWith('couic/')) return;
  const idPrefix = `${logId}-${entry.epoch}-${entry.position}`;
  switch (kindOf(record)) {
    case RECORD.chunk: {
      const { clock, instance, words, tags, quarantined } = decodeChunk(record);
      const source = { idPrefix, clock, instance };
      yield* reported(source, { words, tags }, metadataByReport(record));
      for (const [i, { reason, text }] of quarantined.entries()) {
        const name = 'couic.report.quarantined';
        yield { id: `${idPrefix}-q${i}`, name, time: clock, observedTime: clock, instance, reason, text };
      }
      return;
    }
    case RECORD.corrected: {
      const { clock, instance, words, tags } = decodeCorrections(record);
      for (const rule of rulesIn({ idPrefix, clock, instance }, { words, tags })) {
        yield rule.isRemoved
          ? left(rule, 'couic.rule.taken_out', clock)
          : { ...rule.event, id: `${idPrefix}-${rule.place}`, name: 'couic.rule.brought_in' };
      }
      return;
    }
    case RECORD.expiredRules: {
      const { clock, parts } = decodeExpiredRules(record);
      let before = 0;
      for (const { instance, ...packed } of parts) {
        for (const rule of rulesIn({ idPrefix, clock, instance }, packed, before)) {
          yield left(rule, 'couic.rule.expired', rule.event.expiration ?? clock);
        }
        before += countOf(packed.words);
      }
    }
  }
}

/** One rule of a record, not yet named: what becomes of it depends on the record. */
interface RuleIn {
  readonly idPrefix: string;
  /** In its record: those that were erased have theirs as well. */
  readonly place: number;
  readonly isRemoved: boolean;
  readonly event: Omit<RuleEvent, 'id' | 'name'>;
}

function* reported(source: Source, packed: Packed, metadata: ReadonlyMap<number, Kept>): Generator<RuleEvent> {
  const { idPrefix, clock } = source;
  for (const rule of rulesIn(source, packed)) {
    const { place } = rule;
    const kept = metadata.get(place);
    const told = kept === undefined ? rule : withMetadata(rule, kept);
    if (rule.isRemoved) {
      yield left(told, 'couic.rule.removed', clock);
      continue;
    }
    yield { ...told.event, id: `${idPrefix}-${place}`, name: 'couic.rule.added', time: rule.event.creation };
  }
}

/** @param at - when, ms since the epoch. */
function left({ idPrefix, place, event }: RuleIn, name: RuleEvent['name'], at: number): RuleEvent {
  return { ...event, id: `${idPrefix}-${place}`, name, time: at, lifetime: Math.max(at - event.creation, 0) };
}

function withMetadata({ event, ...rule }: RuleIn, { metadata, isCut }: Kept): RuleIn {
  return { ...rule, event: { ...event, metadata, metadataCut: isCut } };
}

/** @param before - rules of the record before these. */
function* rulesIn({ idPrefix, clock, instance }: Source, { words, tags }: Packed, before = 0): Generator<RuleIn> {
  for (let at = 0, place = before; at < words.length; at += wordsOf(words[at]!), place++) {
    if ((words[at]! & ERASED) !== 0) continue;
    const tag = words[at + 1]!;
    const expiration = expirationOf(words, at);
    yield {
      idPrefix,
      place,
      isRemoved: (words[at]! & REMOVE) !== 0,
      event: {
        time: clock,
        observedTime: clock,
        instance,
        policy: (words[at]! & IGNORE) === 0 ? 'drop' : 'ignore',
        network: networkAt(words, at),
        tag: tag === 0 ? null : tags[tag - 1]!,
        creation: creationOf(words, at) * 1000,
        expiration: expiration === 0 ? null : expiration * 1000,
        lifetime: null,
        metadata: null,
        metadataCut: false,
      },
    };
  }
}

function countOf(words: Int32Array): number {
  let count = 0;
  for (let at = 0; at < words.length; at += wordsOf(words[at]!)) count++;
  return count;
}

function networkAt(words: Int32Array, at: number): EventNetwork {
  const cidr = cidrOf(words, at);
  const text = formatCidr(cidr);
  const isSingle = cidr.prefix === (cidr.ipv6 ? 128 : 32);
  return {
    text,
    address: isSingle ? text.slice(0, text.indexOf('/')) : null,
    type: cidr.ipv6 ? 'ipv6' : 'ipv4',
    form: 'plain',
  };
}

function metadataByReport(record: Uint8Array): ReadonlyMap<number, Kept> {
  const bytes = metadataOf(record);
  if (bytes.length === 0) return NONE;
  const kept = new Map<number, Kept>();
  for (const { report, isCut, json } of readMetadata(bytes)) {
    const value: unknown = JSON.parse(json);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    kept.set(report, { metadata: isObject ? value : { detail: value }, isCut });
  }
  return kept;
}

const NONE: ReadonlyMap<number, Kept> = new Map();
