import type { CouicEvent, QuarantineEvent, RuleEvent } from '../../../src/events/event.ts';
import { sentence } from '../../../src/events/formats/sentence.ts';
import { clean, shallow } from '../../../src/events/formats/shallow.ts';
import { isoTime } from '../../../src/events/formats/time.ts';
import { ATTR } from '../../../src/telemetry/names.ts';

/**
 * An event as the Collector's exporter writes an OpenTelemetry LogRecord in its mapping mode `none`: under the names of OTLP, with
 * attributes by their own. The types are left to the cluster.
 */
export function plainDocument(event: CouicEvent): Readonly<Record<string, unknown>> {
  const isQuarantined = event.name === 'couic.report.quarantined';
  const attributes = {
    'event.id': event.id,
    [ATTR.instance]: event.instance,
    ...(isQuarantined ? aboutReport(event) : aboutRule(event)),
  };
  return {
    '@timestamp': isoTime(event.time) ?? isoTime(event.observedTime),
    ObservedTimestamp: isoTime(event.observedTime),
    SeverityText: isQuarantined ? 'WARN' : 'INFO',
    SeverityNumber: isQuarantined ? 13 : 9,
    EventName: event.name,
    Body: sentence(event),
    Attributes: attributes,
  };
}

function aboutReport({ reason, text }: QuarantineEvent) {
  return { 'error.type': reason, 'couic.report.text': text === null ? undefined : clean(text) };
}

function aboutRule(event: RuleEvent) {
  const { network, tag, expiration, lifetime, metadata } = event;
  const free = metadata === null ? undefined : shallow(metadata);
  return {
    [ATTR.policy]: event.policy,
    [ATTR.networkType]: network?.type,
    'couic.rule.network': network?.text,
    'couic.rule.network_form': network?.form,
    'source.address': network?.address ?? undefined,
    [ATTR.tag]: tag === null ? undefined : clean(tag),
    'couic.rule.creation': isoTime(event.creation),
    'couic.rule.expiration': expiration === null ? undefined : isoTime(expiration),
    'couic.rule.lifetime': lifetime === null ? undefined : lifetime / 1000,
    'couic.metadata': free?.value,
    'couic.metadata_cut': event.metadataCut || free?.cut === true ? true : undefined,
  };
}
