import type { CouicEvent } from '../../../src/events/event.ts';
import { couicText } from '../../../src/events/formats/couic.ts';
import { sentence } from '../../../src/events/formats/sentence.ts';
import { isoTime } from '../../../src/events/formats/time.ts';
import type { SplunkHecConfig } from './config.ts';

type Options = Pick<SplunkHecConfig, 'source' | 'sourcetype' | 'index'>;

/**
 * An event as the HTTP Event Collector takes it; several stand one after the other.
 * @see https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector
 */
export function hecEvent(event: CouicEvent, { source, sourcetype, index }: Options): string {
  const time = seconds(event.time) ?? seconds(event.observedTime);
  const head = JSON.stringify({ time, host: event.instance, source, sourcetype, index });
  return `${head.slice(0, -1)},"event":${couicText(event).slice(0, -1)},"message":${JSON.stringify(sentence(event))}}}`;
}

/** Splunk refuses a number with an exponent, and takes no time before 1970. */
function seconds(time: number): number | undefined {
  return time >= 0 && isoTime(time) !== undefined ? Math.round(time) / 1000 : undefined;
}
