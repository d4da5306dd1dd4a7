import { formatCidr, parseCidr } from '../../report/cidr.ts';
import type { CouicEvent, EventMetadata, EventNetwork, QuarantineEvent, RuleEvent } from '../event.ts';
import { jsonText, nameText, stringText } from './json-text.ts';
import { sentence } from './sentence.ts';
import { clean, shallow } from './shallow.ts';
import { isoTime } from './time.ts';

/** Of the Elastic Common Schema. @see https://www.elastic.co/docs/reference/ecs/ecs-field-reference */
const ECS = '{"version":"8.17.0"}';
const BEGINS = { drop: '["denied","start"]', ignore: '["allowed","start"]' };
const END = '["end"]';

/** Nanoseconds that a field of type `long` takes. */
const MOST_NANOSECONDS = 9.2e18;

/**
 * An event as a document in the Elastic Common Schema, with `couic.*` for what it has no name for: JSON without a line end in it.
 * A rule's network is `couic.rule.network`, to be of type `ip_range`; `source.ip` is there for one plain address only, since that type takes no network.
 * `event.action` is the event's name, as the Collector maps OpenTelemetry's `event.name`.
 */
export function ecsText(event: CouicEvent): string {
  const observed = isoTime(event.observedTime);
  const time = isoTime(event.time) ?? observed;
  const instance = nameText(event.instance);
  let text = time === undefined ? '{' : `{"@timestamp":"${time}",`;
  text += `"ecs":${ECS},"message":${stringText(sentence(event))}`;
  text += `,"observer":{"name":${instance},"product":"Couic","type":"firewall","vendor":"FCSC"}`;
  text += `,"event":{"id":"${event.id}","action":"${event.name}"`;
  if (observed !== undefined) text += `,"created":"${observed}"`;
  text += ',"dataset":"couic.events","module":"couic"';
  return text + (event.name === 'couic.report.quarantined' ? aboutReport(event, instance) : aboutRule(event, instance));
}

/** From within `event` to the end. @param instance - as JSON. */
function aboutReport({ reason, text }: QuarantineEvent, instance: string): string {
  const kept = text === null ? '' : `,"text":${stringText(text)}`;
  return `,"kind":"pipeline_error","outcome":"failure","reason":${nameText(reason)}},"couic":{"instance":{"name":${instance}},"report":{"quarantined":true${kept}}}}`;
}

/** The same. */
function aboutRule(event: RuleEvent, instance: string): string {
  const { name, policy, network, tag, creation, expiration, lifetime, time, metadata } = event;
  const begins = name === 'couic.rule.added' || name === 'couic.rule.brought_in';
  const [made, ended] = [isoTime(creation), begins ? undefined : isoTime(time)];
  const ends = expiration === null ? undefined : isoTime(expiration);
  const nanoseconds = lifetime === null ? -1 : Math.round(lifetime * 1e6);
  let text = `,"kind":"event","category":["network"],"type":${begins ? BEGINS[policy] : END},"outcome":"success"`;
  if (made !== undefined) text += `,"start":"${made}"`;
  if (ended !== undefined) text += `,"end":"${ended}"`;
  if (nanoseconds >= 0 && nanoseconds <= MOST_NANOSECONDS) text += `,"duration":${nanoseconds}`;
  text += tag === null ? '},"rule":{' : `},"rule":{"name":${nameText(tag)},`;
  text += `"ruleset":"${policy}"}`;
  if (network !== null) text += aboutNetwork(network);
  text += `,"couic":{"instance":{"name":${instance}},"rule":{"policy":"${policy}"`;
  if (network !== null && network.form !== 'pseudonym') text += `,"network":"${range(network.text)}"`;
  if (network !== null) text += `,"network_form":"${network.form}"`;
  if (made !== undefined) text += `,"creation":"${made}"`;
  if (ends !== undefined) text += `,"expiration":"${ends}"`;
  if (lifetime !== null && Number.isFinite(lifetime)) text += `,"lifetime":${lifetime / 1000}`;
  return `${text}}${metadata === null ? cutMark(event.metadataCut) : aboutMetadata(metadata, event.metadataCut)}}}`;
}

function aboutNetwork({ text, address, type }: EventNetwork): string {
  if (address === null) return `,"network":{"type":"${type}"},"source":{"address":"${text}"}`;
  return `,"network":{"type":"${type}"},"source":{"address":"${address}","ip":"${address}"},"related":{"ip":["${address}"]}`;
}

/** A network as the type `ip_range` takes it: IPv4 in IPv6 is IPv4 there, and must have the length of its prefix in that. */
function range(network: string): string {
  const cidr = network.startsWith('::ffff:') ? parseCidr(network) : null;
  if (cidr?.words[2] !== 0xffff || cidr.prefix < 96) return network;
  return formatCidr({ ipv6: false, prefix: cidr.prefix - 96, words: [cidr.words[3] as number] });
}

/** Each member has one type in every document, or a store that learns types from documents would refuse the next. */
function aboutMetadata({ kind, detail, extra, plain }: EventMetadata, wasCut: boolean): string {
  if (plain !== undefined && detail !== null && extra !== null) return `,"metadata":${plain}${cutMark(wasCut)}`;
  const isObject = typeof extra === 'object' && !Array.isArray(extra);
  const free = isGiven(extra) ? shallow(isObject ? extra : { value: extra }) : undefined;
  const members = { kind: asText(kind), detail: asText(detail), extra: free?.value };
  return `,"metadata":${jsonText(members)}${cutMark(wasCut || free?.cut === true)}`;
}

function cutMark(isCut: boolean): string {
  return isCut ? ',"metadata_cut":true' : '';
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function asText(value: unknown): string | undefined {
  if (!isGiven(value)) return undefined;
  return typeof value === 'string' ? clean(value) : JSON.stringify(shallow(value).value);
}
