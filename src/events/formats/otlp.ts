import type { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import type { ExporterContext } from '../../service/component.ts';
import { ATTR } from '../../telemetry/names.ts';
import type { CouicEvent, EventMetadata, EventNetwork, QuarantineEvent, RuleEvent } from '../event.ts';
import { sentence } from './sentence.ts';
import { clean, shallow } from './shallow.ts';
import { isoTime } from './time.ts';

/** As the official serializers take it. */
type LogRecord = Parameters<typeof ProtobufLogsSerializer.serializeRequest>[0][number];
type Attributes = LogRecord['attributes'];

/** What all records of an exporter share: the serializers group by identity. */
export type LogSource = Pick<LogRecord, 'resource' | 'instrumentationScope'>;

const SCOPE = 'couic-otel-bridge/events';

/** Once the service knows what it is: from `start()` on. */
export function logSource({ resource, version }: Pick<ExporterContext, 'resource' | 'version'>): LogSource {
  return { resource: resource(), instrumentationScope: { name: SCOPE, version } };
}

/** @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const INFO = { severityNumber: 9, severityText: 'INFO' };
const WARN = { severityNumber: 13, severityText: 'WARN' };

/** Milliseconds whose nanoseconds fit into 63 bits, as far as most of what reads OTLP goes. */
const LATEST = 9_223_372_036_854;

/**
 * An event as a LogRecord: its name is the event's, its body the sentence.
 * @see https://opentelemetry.io/docs/specs/semconv/general/events/
 */
export function logRecord(event: CouicEvent, source: LogSource): LogRecord {
  return {
    ...source,
    ...severityOf(event),
    hrTime: hrTime(event.time) ?? hrTime(event.observedTime) ?? [0, 0],
    hrTimeObserved: hrTime(event.observedTime) ?? [0, 0],
    eventName: event.name,
    body: sentence(event),
    attributes: attributesOf(event),
    droppedAttributesCount: 0,
  };
}

export function severityOf({ name }: CouicEvent): typeof INFO {
  return name === 'couic.report.quarantined' ? WARN : INFO;
}

export function attributesOf(event: CouicEvent): Attributes {
  return {
    'event.id': event.id,
    // The same, by its name in the semantic conventions.
    'log.record.uid': event.id,
    [ATTR.instance]: event.instance,
    ...(event.name === 'couic.report.quarantined' ? aboutReport(event) : aboutRule(event)),
  };
}

function hrTime(ms: number): [number, number] | undefined {
  if (!(ms >= 0 && ms <= LATEST)) return undefined;
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

function aboutReport({ reason, text }: QuarantineEvent): Attributes {
  return { 'error.type': reason, ...(text !== null && { 'couic.report.text': clean(text) }) };
}

function aboutRule({ policy, network, tag, creation, expiration, lifetime, ...event }: RuleEvent): Attributes {
  const made = isoTime(creation);
  const ends = expiration === null ? undefined : isoTime(expiration);
  const metadata = event.metadata === null ? undefined : aboutMetadata(event.metadata);
  return {
    [ATTR.policy]: policy,
    ...(network !== null && aboutNetwork(network)),
    ...(tag !== null && { [ATTR.tag]: clean(tag) }),
    ...(made !== undefined && { 'couic.rule.creation': made }),
    ...(ends !== undefined && { 'couic.rule.expiration': ends }),
    ...(lifetime !== null && { 'couic.rule.lifetime': lifetime / 1000 }),
    ...metadata?.attributes,
    ...((event.metadataCut || metadata?.cut) && { 'couic.metadata_cut': true }),
  };
}

function aboutNetwork({ text, address, type, form }: EventNetwork): Attributes {
  return {
    [ATTR.networkType]: type,
    'couic.rule.network': text,
    'couic.rule.network_form': form,
    ...(address !== null && { 'source.address': address }),
  };
}

function aboutMetadata(metadata: EventMetadata) {
  const members = (['kind', 'detail', 'extra'] as const).filter((name) => (metadata[name] ?? null) !== null);
  const kept = members.map((name) => [`couic.metadata.${name}`, shallow(metadata[name])] as const);
  return {
    attributes: Object.fromEntries(kept.map(([name, { value }]) => [name, given(value)])) as Attributes,
    cut: kept.some(([, { cut }]) => cut),
  };
}

/**
 * Free JSON as the serializers write it right: an integer that no 64 bits hold would be `1e+300` where OTLP's JSON wants digits, and
 * infinity nothing at all. As text they are what they were. Shallow already.
 */
function given(value: unknown): Attributes[string] {
  if (typeof value === 'number') {
    const exact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
    return exact ? value : String(value);
  }
  if (Array.isArray(value)) return value.map(given);
  if (typeof value !== 'object' || value === null) return value as Attributes[string];
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, given(member)]));
}
