import type { CouicEvent } from '../../../src/events/event.ts';
import { jsonText } from '../../../src/events/formats/json-text.ts';
import { attributesOf, severityOf } from '../../../src/events/formats/otlp.ts';
import { sentence } from '../../../src/events/formats/sentence.ts';
import { isoTime } from '../../../src/events/formats/time.ts';

/**
 * An event as the Collector's exporter writes our LogRecord in its mapping mode `none`: under the names of OTLP, with attributes by
 * their own. The types are left to the cluster.
 */
export function plainText(event: CouicEvent): string {
  const { severityText, severityNumber } = severityOf(event);
  return jsonText({
    '@timestamp': isoTime(event.time) ?? isoTime(event.observedTime),
    ObservedTimestamp: isoTime(event.observedTime),
    SeverityText: severityText,
    SeverityNumber: severityNumber,
    EventName: event.name,
    Body: sentence(event),
    Attributes: attributesOf(event),
  });
}
