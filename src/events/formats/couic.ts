import type { CouicEvent, EventMetadata, EventNetwork, QuarantineEvent, RuleEvent } from '../event.ts';
import { jsonText, nameText, stringText } from './json-text.ts';
import { shallow } from './shallow.ts';
import { isoTime } from './time.ts';

/**
 * An event as flat JSON in the bridge's own words, without a line end in it: docs/events.md has each member. It is put together from
 * pieces, since JSON.stringify of an object made for it takes three times as long.
 */
export function couicText(event: CouicEvent): string {
  return event.name === 'couic.report.quarantined' ? reportRefused(event) : ruleChanged(event);
}

function reportRefused(event: QuarantineEvent): string {
  const text = event.text === null ? '' : `,"text":${stringText(event.text)}`;
  return `${head(event, isoTime(event.time))},"reason":${nameText(event.reason)}${text}}`;
}

function ruleChanged(event: RuleEvent): string {
  const { network, tag, creation, expiration, lifetime, metadata, metadataCut } = event;
  const made = isoTime(creation);
  const ends = expiration === null ? undefined : isoTime(expiration);
  let text = head(event, event.time === creation ? made : isoTime(event.time));
  text += event.policy === 'drop' ? ',"policy":"drop"' : ',"policy":"ignore"';
  if (network !== null) text += aboutNetwork(network);
  if (tag !== null) text += `,"tag":${nameText(tag)}`;
  if (made !== undefined) text += `,"creation":"${made}"`;
  if (ends !== undefined) text += `,"expiration":"${ends}"`;
  if (lifetime !== null && Number.isFinite(lifetime)) text += `,"lifetime_seconds":${lifetime / 1000}`;
  if (metadata?.plain !== undefined) text += `,"metadata":${metadata.plain}`;
  else if (metadata !== null) return `${text}${aboutMetadata(metadata, metadataCut)}}`;
  return metadataCut ? `${text},"metadata_cut":true}` : `${text}}`;
}

function head({ observedTime, id, name, instance }: CouicEvent, time: string | undefined): string {
  const observed = isoTime(observedTime);
  const happened = time ?? observed;
  let times = '{';
  if (happened !== undefined) times += `"time":"${happened}",`;
  if (observed !== undefined) times += `"observed_time":"${observed}",`;
  return `${times}"id":"${id}",${NAMED[name]}${nameText(instance)}`;
}

const NAMED = {
  'couic.rule.added': named('couic.rule.added'),
  'couic.rule.removed': named('couic.rule.removed'),
  'couic.rule.expired': named('couic.rule.expired'),
  'couic.rule.brought_in': named('couic.rule.brought_in'),
  'couic.rule.taken_out': named('couic.rule.taken_out'),
  'couic.report.quarantined': named('couic.report.quarantined'),
};

function named(name: CouicEvent['name']): string {
  return `"name":"${name}","action":"${name.slice(name.lastIndexOf('.') + 1)}","instance":`;
}

/** Its text is of addresses and hexadecimal digits alone. */
function aboutNetwork({ text, address, type, form }: EventNetwork): string {
  const single = address === null ? '' : `,"address":"${address}"`;
  return `,"network":"${text}"${single},"network_type":"${type}","network_form":"${form}"`;
}

/** The members that Couic's metadata has, and no others. */
function aboutMetadata({ kind, detail, extra }: EventMetadata, wasCut: boolean): string {
  const { value, cut } = shallow({ kind, detail, extra });
  return `,"metadata":${jsonText(value)}${wasCut || cut ? ',"metadata_cut":true' : ''}`;
}
