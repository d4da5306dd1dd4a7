import { JsonLogsSerializer } from '@opentelemetry/otlp-transformer';
import type { CouicEvent } from '../../../src/events/event.ts';
import { couicText } from '../../../src/events/formats/couic.ts';
import { ecsText } from '../../../src/events/formats/ecs.ts';
import { type LogSource, logRecord } from '../../../src/events/formats/otlp.ts';
import { printable } from '../../../src/telemetry/printable.ts';
import type { FileConfig } from './config.ts';

/** An event as one line, without its end. @param source - what OTLP says of the bridge. */
export function lineOf(format: FileConfig['format'], event: CouicEvent, source: LogSource): string {
  switch (format) {
    case 'couic':
      return couicText(event);
    case 'ecs':
      return ecsText(event);
    case 'otlp_json':
      // A request for each: the Collector's receiver of such files takes no line of more than 1 MiB.
      return printable(otlpJson(event, source));
  }
}

function otlpJson(event: CouicEvent, source: LogSource): string {
  return Buffer.from(JsonLogsSerializer.serializeRequest([logRecord(event, source)])!).toString('utf8');
}
