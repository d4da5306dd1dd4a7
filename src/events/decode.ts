import { changeAt, type RuleChange, type ToldRules, toldBy } from '../ledger/told-rules.ts';
import type { Entry } from '../log/log.ts';
import { formatCidr } from '../report/cidr.ts';
import { metadataPlaces } from '../report/metadata-texts.ts';
import { cidrOf, creationOf, expirationOf, IGNORE, wordsOf } from '../report/packed.ts';
import type { CouicEvent, EventNetwork, RuleEvent } from './event.ts';
import { MetadataText } from './metadata-text.ts';
import { isPlainMetadata } from './plain-metadata.ts';

/**
 * What an entry of the log tells: one event for each rule that came or left, and for each report that was not valid.
 * Entries of other topics, and records of other kinds, tell nothing.
 * @param logId - the log's own UUID.
 */
export function* eventsOf(entry: Entry, logId: string): Generator<CouicEvent> {
  const told = toldBy(entry);
  if (told === null) return;
  const { clock, parts, quarantined } = told;
  const idPrefix = `${logId}-${entry.epoch}-${entry.position}-`;
  const metadata = metadataByReport(told.metadata);
  let place = 0;
  for (const rules of parts) {
    const { words } = rules;
    for (let at = 0; at < words.length; at += wordsOf(words[at]!), place++) {
      const change = changeAt(rules, at);
      if (change !== null) yield new ToldRule(rules, at, change, `${idPrefix}${place}`, clock, metadata(place));
    }
  }
  for (const [i, { reason, text }] of quarantined.entries()) {
    const name = 'couic.report.quarantined';
    const { instance } = parts[0]!;
    yield { id: `${idPrefix}q${i}`, name, time: clock, observedTime: clock, instance, reason, text };
  }
}

const NAMES = {
  added: 'couic.rule.added',
  removed: 'couic.rule.removed',
  expired: 'couic.rule.expired',
  brought_in: 'couic.rule.brought_in',
  taken_out: 'couic.rule.taken_out',
} as const satisfies Record<RuleChange, RuleEvent['name']>;

/** Of a class, and not a literal: V8 puts literals that lived for a batch among what lives long, and all that they hold stays with them. */
class ToldRule implements RuleEvent {
  declare readonly id: string;
  declare readonly name: RuleEvent['name'];
  declare readonly time: number;
  declare readonly observedTime: number;
  declare readonly instance: string;
  declare readonly policy: RuleEvent['policy'];
  declare readonly network: EventNetwork;
  declare readonly tag: string | null;
  declare readonly creation: number;
  declare readonly expiration: number | null;
  declare readonly lifetime: number | null;
  declare readonly metadata: MetadataText | null;
  declare readonly metadataCut: boolean;

  /** @param clock - ms since the epoch, by the clock that the bridge believes. */
  constructor(
    { instance, words, tags }: ToldRules,
    at: number,
    change: RuleChange,
    id: string,
    clock: number,
    kept: Kept | undefined,
  ) {
    const tag = words[at + 1]!;
    const creation = creationOf(words, at) * 1000;
    const expiration = expirationOf(words, at);
    const time = timeOf(change, creation, expiration, clock);
    this.id = id;
    this.name = NAMES[change];
    this.time = time;
    this.observedTime = clock;
    this.instance = instance;
    this.policy = (words[at]! & IGNORE) === 0 ? 'drop' : 'ignore';
    this.network = new Network(words, at);
    this.tag = tag === 0 ? null : tags[tag - 1]!;
    this.creation = creation;
    this.expiration = expiration === 0 ? null : expiration * 1000;
    this.lifetime = change === 'added' || change === 'brought_in' ? null : Math.max(time - creation, 0);
    this.metadata = kept === undefined ? null : kept.metadata;
    this.metadataCut = kept?.isCut ?? false;
  }
}

/** Couic says when it made a rule, and until when. @returns ms since the epoch. */
function timeOf(change: RuleChange, creation: number, expiration: number, clock: number): number {
  if (change === 'added') return creation;
  return change === 'expired' ? expiration * 1000 : clock;
}

class Network implements EventNetwork {
  declare readonly text: string;
  declare readonly address: string | null;
  declare readonly type: EventNetwork['type'];
  declare readonly form: EventNetwork['form'];

  constructor(words: Int32Array, at: number) {
    const cidr = cidrOf(words, at);
    const text = formatCidr(cidr);
    const isSingle = cidr.prefix === (cidr.ipv6 ? 128 : 32);
    this.text = text;
    this.address = isSingle ? text.slice(0, text.indexOf('/')) : null;
    this.type = cidr.ipv6 ? 'ipv6' : 'ipv4';
    this.form = 'plain';
  }
}

/** A `metadata` of a report. */
interface Kept {
  readonly metadata: MetadataText;
  readonly isCut: boolean;
}

/** @returns a function that is to be asked for ascending numbers of reports. */
function metadataByReport(bytes: Uint8Array): (report: number) => Kept | undefined {
  if (bytes.length === 0) return () => undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const places = metadataPlaces(bytes);
  let next = places.next().value;
  return (report) => {
    while (next !== undefined && next.report < report) next = places.next().value;
    if (next?.report !== report) return undefined;
    const { from, to, isCut } = next;
    const isPlain = isPlainMetadata(bytes, from, to);
    // What is plain is ASCII, for which this is the quicker way.
    const encoding = isPlain ? 'latin1' : 'utf8';
    return {
      metadata: new MetadataText(buffer.toString(encoding, from, to), isPlain),
      isCut,
    };
  };
}
