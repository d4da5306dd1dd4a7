import { formatCidr, parseCidr } from '../../report/cidr.ts';
import type { CouicEvent, EventMetadata, EventNetwork, QuarantineEvent, RuleEvent } from '../event.ts';
import { sentence } from './sentence.ts';
import { shallow } from './shallow.ts';
import { isoTime } from './time.ts';

/** Of the Elastic Common Schema. @see https://www.elastic.co/docs/reference/ecs/ecs-field-reference */
const ECS_VERSION = '8.17.0';

/** Nanoseconds that a field of type `long` takes. */
const MOST_NANOSECONDS = 9.2e18;

/** An event in ECS field names, nested, with `couic.*` for what ECS has no name for. */
type EcsDocument = Readonly<Record<string, unknown>>;

/**
 * An event as a document in the Elastic Common Schema.
 * A rule's network is `couic.rule.network`, to be of type `ip_range`; `source.ip` is there for one plain address only, since that type takes no network.
 * `event.action` is the event's name, as the Collector maps OpenTelemetry's `event.name`.
 */
export function ecsDocument(event: CouicEvent): EcsDocument {
  const observed = isoTime(event.observedTime);
  const common = {
    '@timestamp': isoTime(event.time) ?? observed,
    ecs: { version: ECS_VERSION },
    message: sentence(event),
    observer: { name: event.instance, product: 'Couic', type: 'firewall', vendor: 'FCSC' },
  };
  const about = { id: event.id, action: event.name, created: observed, dataset: 'couic.events', module: 'couic' };
  return event.name === 'couic.report.quarantined'
    ? { ...common, event: { ...about, ...quarantined(event) }, couic: aboutReport(event) }
    : { ...common, event: { ...about, ...changed(event) }, ...aboutRule(event) };
}

function quarantined({ reason }: QuarantineEvent) {
  return { kind: 'pipeline_error', outcome: 'failure', reason };
}

function aboutReport({ instance, text }: QuarantineEvent) {
  return { instance: { name: instance }, report: { quarantined: true, ...(text !== null && { text: asText(text) }) } };
}

function changed({ name, policy, creation, lifetime, time }: RuleEvent) {
  const begins = name === 'couic.rule.added' || name === 'couic.rule.brought_in';
  const start = isoTime(creation);
  const end = begins ? undefined : isoTime(time);
  const nanoseconds = lifetime === null ? undefined : Math.round(lifetime * 1e6);
  return {
    kind: 'event',
    category: ['network'],
    type: begins ? [policy === 'drop' ? 'denied' : 'allowed', 'start'] : ['end'],
    outcome: 'success',
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(nanoseconds !== undefined && nanoseconds >= 0 && nanoseconds <= MOST_NANOSECONDS && { duration: nanoseconds }),
  };
}

function aboutRule({ instance, policy, network, tag, creation, expiration, lifetime, ...event }: RuleEvent) {
  const made = isoTime(creation);
  const ends = expiration === null ? undefined : isoTime(expiration);
  const metadata = event.metadata === null ? undefined : aboutMetadata(event.metadata);
  return {
    rule: { ...(tag !== null && { name: asText(tag) }), ruleset: policy },
    ...(network !== null && {
      network: { type: network.type },
      source: { address: network.address ?? network.text, ...(network.address !== null && { ip: network.address }) },
      ...(network.address !== null && { related: { ip: [network.address] } }),
    }),
    couic: {
      instance: { name: instance },
      rule: {
        policy,
        ...(network !== null && aboutNetwork(network)),
        ...(made !== undefined && { creation: made }),
        ...(ends !== undefined && { expiration: ends }),
        ...(lifetime !== null && { lifetime: lifetime / 1000 }),
      },
      ...(metadata !== undefined && { metadata: metadata.value }),
      ...((event.metadataCut || metadata?.cut) && { metadata_cut: true }),
    },
  };
}

function aboutNetwork({ text, form }: EventNetwork) {
  return { ...(form !== 'pseudonym' && { network: range(text) }), network_form: form };
}

/** A network as the type `ip_range` takes it: IPv4 in IPv6 is IPv4 there, and must have the length of its prefix in that. */
function range(network: string): string {
  const cidr = network.startsWith('::ffff:') ? parseCidr(network) : null;
  if (cidr?.words[2] !== 0xffff || cidr.prefix < 96) return network;
  return formatCidr({ ipv6: false, prefix: cidr.prefix - 96, words: [cidr.words[3] as number] });
}

/** Each member has one type in every document, or a store that learns types from documents would refuse the next. */
function aboutMetadata({ kind, detail, extra }: EventMetadata) {
  const isObject = typeof extra === 'object' && !Array.isArray(extra);
  const free = shallow(isObject ? extra : { value: extra });
  const value = {
    ...(isGiven(kind) && { kind: asText(kind) }),
    ...(isGiven(detail) && { detail: asText(detail) }),
    ...(isGiven(extra) && { extra: free.value }),
  };
  return { value, cut: free.cut };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function asText(value: unknown): string {
  const kept = shallow(value).value;
  return typeof kept === 'string' ? kept : JSON.stringify(kept);
}
