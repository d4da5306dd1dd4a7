import type { CouicEvent, EventMetadata, QuarantineEvent, RuleEvent } from '../../src/events/event.ts';
import { sentence } from '../../src/events/formats/sentence.ts';
import { clean, shallow } from '../../src/events/formats/shallow.ts';
import { isoTime } from '../../src/events/formats/time.ts';
import { formatCidr, parseCidr } from '../../src/report/cidr.ts';

/*
 * What the formats `couic` and `ecs` are, as objects: the bridge puts their text together from pieces.
 */

/** An event in the bridge's own words. */
type CouicDocument = Readonly<Record<string, unknown>>;

/**
 * An event as flat JSON, for what reads lines: docs/events.md has each member.
 * @returns what is to be written as JSON: members that are undefined do not apply.
 */
export function couicDocument(event: CouicEvent): CouicDocument {
  return event.name === 'couic.report.quarantined' ? couicReport(event) : couicRule(event);
}

function couicReport(event: QuarantineEvent) {
  const observed = isoTime(event.observedTime);
  return {
    time: isoTime(event.time) ?? observed,
    observed_time: observed,
    id: event.id,
    name: event.name,
    action: actionOf(event),
    instance: event.instance,
    reason: event.reason,
    text: event.text === null ? undefined : clean(event.text),
  };
}

function couicRule(event: RuleEvent) {
  const { network, tag, expiration, lifetime } = event;
  const observed = isoTime(event.observedTime);
  const metadata = event.metadata === null ? undefined : known(event.metadata);
  return {
    time: isoTime(event.time) ?? observed,
    observed_time: observed,
    id: event.id,
    name: event.name,
    action: actionOf(event),
    instance: event.instance,
    policy: event.policy,
    network: network?.text,
    address: network?.address ?? undefined,
    network_type: network?.type,
    network_form: network?.form,
    tag: tag === null ? undefined : clean(tag),
    creation: isoTime(event.creation),
    expiration: expiration === null ? undefined : isoTime(expiration),
    lifetime_seconds: lifetime === null ? undefined : lifetime / 1000,
    metadata: metadata?.value,
    metadata_cut: event.metadataCut || metadata?.cut === true ? true : undefined,
  };
}

function actionOf({ name }: CouicEvent): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** The members that Couic's metadata has, and no others. */
function known({ kind, detail, extra }: EventMetadata) {
  return shallow({ kind, detail, extra });
}

/** Of the Elastic Common Schema. @see https://www.elastic.co/docs/reference/ecs/ecs-field-reference */
const ECS = { version: '8.17.0' };
const ORIGIN = { dataset: 'couic.events', module: 'couic' };
const NETWORK = ['network'];
const DENIED = ['denied', 'start'];
const ALLOWED = ['allowed', 'start'];
const END = ['end'];

/** Nanoseconds that a field of type `long` takes. */
const MOST_NANOSECONDS = 9.2e18;

/** An event in ECS field names, nested, with `couic.*` for what ECS has no name for. */
type EcsDocument = Readonly<Record<string, unknown>>;

/**
 * An event as a document in the Elastic Common Schema.
 * A rule's network is `couic.rule.network`, to be of type `ip_range`; `source.ip` is there for one plain address only, since that type takes no network.
 * `event.action` is the event's name, as the Collector maps OpenTelemetry's `event.name`.
 * @returns what is to be written as JSON: members that are undefined are not there. To make them so costs a tenth of leaving them out.
 */
export function ecsDocument(event: CouicEvent): EcsDocument {
  const isQuarantined = event.name === 'couic.report.quarantined';
  const network = isQuarantined ? null : event.network;
  const observed = isoTime(event.observedTime);
  return {
    '@timestamp': isoTime(event.time) ?? observed,
    ecs: ECS,
    message: sentence(event),
    observer: { name: event.instance, product: 'Couic', type: 'firewall', vendor: 'FCSC' },
    event: isQuarantined ? reportRefused(event, observed) : ruleChanged(event, observed),
    rule: isQuarantined
      ? undefined
      : { name: event.tag === null ? undefined : clean(event.tag), ruleset: event.policy },
    network: network === null ? undefined : { type: network.type },
    source:
      network === null ? undefined : { address: network.address ?? network.text, ip: network.address ?? undefined },
    related: network === null || network.address === null ? undefined : { ip: [network.address] },
    couic: isQuarantined ? aboutReport(event) : aboutRule(event),
  };
}

function reportRefused({ id, name, reason }: QuarantineEvent, observed: string | undefined) {
  return { id, action: name, created: observed, ...ORIGIN, kind: 'pipeline_error', outcome: 'failure', reason };
}

function aboutReport({ instance, text }: QuarantineEvent) {
  return { instance: { name: instance }, report: { quarantined: true, text: text === null ? undefined : clean(text) } };
}

function ruleChanged(event: RuleEvent, observed: string | undefined) {
  const { id, name, policy, creation, lifetime, time } = event;
  const begins = name === 'couic.rule.added' || name === 'couic.rule.brought_in';
  const nanoseconds = lifetime === null ? -1 : Math.round(lifetime * 1e6);
  return {
    id,
    action: name,
    created: observed,
    dataset: ORIGIN.dataset,
    module: ORIGIN.module,
    kind: 'event',
    category: NETWORK,
    type: begins ? (policy === 'drop' ? DENIED : ALLOWED) : END,
    outcome: 'success',
    start: isoTime(creation),
    end: begins ? undefined : isoTime(time),
    duration: nanoseconds >= 0 && nanoseconds <= MOST_NANOSECONDS ? nanoseconds : undefined,
  };
}

function aboutRule(event: RuleEvent) {
  const { instance, policy, network, creation, expiration, lifetime } = event;
  const metadata = event.metadata === null ? undefined : aboutMetadata(event.metadata);
  return {
    instance: { name: instance },
    rule: {
      policy,
      network: network === null || network.form === 'pseudonym' ? undefined : range(network.text),
      network_form: network?.form,
      creation: isoTime(creation),
      expiration: expiration === null ? undefined : isoTime(expiration),
      lifetime: lifetime === null ? undefined : lifetime / 1000,
    },
    metadata: metadata?.value,
    metadata_cut: event.metadataCut || metadata?.cut === true ? true : undefined,
  };
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
  const free = isGiven(extra) ? shallow(isObject ? extra : { value: extra }) : undefined;
  return { value: { kind: asText(kind), detail: asText(detail), extra: free?.value }, cut: free?.cut === true };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function asText(value: unknown): string | undefined {
  if (!isGiven(value)) return undefined;
  return typeof value === 'string' ? clean(value) : JSON.stringify(shallow(value).value);
}
