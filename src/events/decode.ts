import { decodeCorrections } from '../ledger/correction-records.ts';
import { decodeChunk, decodeExpiredRules, kindOf, metadataOf, RECORD } from '../ledger/records.ts';
import type { Entry } from '../log/log.ts';
import { formatCidr } from '../report/cidr.ts';
import { readMetadata } from '../report/metadata-texts.ts';
import { cidrOf, creationOf, ERASED, expirationOf, IGNORE, REMOVE, wordsOf } from '../report/packed.ts';
import type { CouicEvent, EventMetadata, EventNetwork, RuleEvent } from './event.ts';

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
      const metadata = metadataByReport(record);
      const rules = { idPrefix, clock, instance, words, tags };
      for (const { at, place } of placesIn(words)) {
        const isRemoved = (words[at]! & REMOVE) !== 0;
        const [name, time] = isRemoved ? (['couic.rule.removed', clock] as const) : ADDED;
        yield ruleEvent(rules, at, place, name, time, metadata.get(place));
      }
      for (const [i, { reason, text }] of quarantined.entries()) {
        const name = 'couic.report.quarantined';
        yield { id: `${idPrefix}-q${i}`, name, time: clock, observedTime: clock, instance, reason, text };
      }
      return;
    }
    case RECORD.corrected: {
      const rules = { idPrefix, ...decodeCorrections(record) };
      for (const { at, place } of placesIn(rules.words)) {
        const isRemoved = (rules.words[at]! & REMOVE) !== 0;
        yield ruleEvent(rules, at, place, isRemoved ? 'couic.rule.taken_out' : 'couic.rule.brought_in', rules.clock);
      }
      return;
    }
    case RECORD.expiredRules: {
      const { clock, parts } = decodeExpiredRules(record);
      let before = 0;
      for (const part of parts) {
        const rules = { idPrefix, clock, ...part };
        for (const { at, place } of placesIn(part.words, before)) {
          before = place + 1;
          yield ruleEvent(rules, at, place, 'couic.rule.expired', expirationOf(part.words, at) * 1000);
        }
      }
    }
  }
}

/** Couic says when: the rule's own creation. */
const ADDED = ['couic.rule.added', null] as const;
/** Their rule comes. */
const BEGINS: ReadonlySet<string> = new Set(['couic.rule.added', 'couic.rule.brought_in']);

/** Rules of a record, with what all its events share. */
interface Rules {
  readonly idPrefix: string;
  /** Milliseconds since the epoch, by the clock that the bridge believes. */
  readonly clock: number;
  readonly instance: string;
  readonly words: Int32Array;
  readonly tags: readonly string[];
}

/** Where each rule of a record lies, and its number in it; not those that were erased. @param before - rules of the record before these. */
function* placesIn(words: Int32Array, before = 0): Generator<{ at: number; place: number }> {
  for (let at = 0, place = before; at < words.length; at += wordsOf(words[at]!), place++) {
    if ((words[at]! & ERASED) === 0) yield { at, place };
  }
}

/** One literal, since there are very many. @param time - ms since the epoch; null: when the rule was made. */
function ruleEvent(
  { idPrefix, clock, instance, words, tags }: Rules,
  at: number,
  place: number,
  name: RuleEvent['name'],
  time: number | null,
  kept?: Kept,
): RuleEvent {
  const tag = words[at + 1]!;
  const creation = creationOf(words, at) * 1000;
  const expiration = expirationOf(words, at);
  const when = time ?? creation;
  return {
    id: `${idPrefix}-${place}`,
    name,
    time: when,
    observedTime: clock,
    instance,
    policy: (words[at]! & IGNORE) === 0 ? 'drop' : 'ignore',
    network: networkAt(words, at),
    tag: tag === 0 ? null : tags[tag - 1]!,
    creation,
    expiration: expiration === 0 ? null : expiration * 1000,
    lifetime: BEGINS.has(name) ? null : Math.max(when - creation, 0),
    metadata: kept === undefined ? null : kept.metadata,
    metadataCut: kept?.isCut ?? false,
  };
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
