import { JsonLogsSerializer } from '@opentelemetry/otlp-transformer';
import type { CouicEvent } from '../../../src/events/event.ts';
import { couicDocument } from '../../../src/events/formats/couic.ts';
import { ecsDocument } from '../../../src/events/formats/ecs.ts';
import { jsonLine } from '../../../src/events/formats/json-line.ts';
import { type LogSource, logRecord } from '../../../src/events/formats/otlp.ts';
import { printable } from '../../../src/telemetry/printable.ts';
import type { FileConfig } from './config.ts';

/** An event as one line, with its line feed. @param source - what OTLP says of the bridge. */
export function lineOf(format: FileConfig['format'], event: CouicEvent, source: LogSource): Buffer {
  return Buffer.from(`${textOf(format, event, source)}\n`);
}

function textOf(format: FileConfig['format'], event: CouicEvent, source: LogSource): string {
  switch (format) {
    case 'couic':
      return jsonLine(couicDocument(event));
    case 'ecs':
      return jsonLine(ecsDocument(event));
    case 'otlp_json':
      // A request for each: the Collector's receiver of such files takes no line of more than 1 MiB.
      return printable(otlpJson(event, source));
  }
}

function otlpJson(event: CouicEvent, source: LogSource): string {
  return Buffer.from(JsonLogsSerializer.serializeRequest([logRecord(event, source)])!).toString('utf8');
}
