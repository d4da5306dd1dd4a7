import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { refusalText } from '../../../src/delivery/http-poster.ts';
import type { CouicEvent } from '../../../src/events/event.ts';
import { type LogSource, logRecord, logSource } from '../../../src/events/formats/otlp.ts';
import { HttpSink, statusFailure } from '../../../src/events/http-sink.ts';
import type { EncodedEvent } from '../../../src/events/in-parts.ts';
import { onceEach } from '../../../src/events/once-each.ts';
import type { Delivery } from '../../../src/events/sink.ts';
import type { ExporterContext } from '../../../src/service/component.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { printable } from '../../../src/telemetry/printable.ts';
import { logsUrl, type OtlpHttpConfig } from './config.ts';

const MIB = 1_048_576;
/** Answers that may be about the records, and not about who sends them. */
const ABOUT_RECORDS = new Set([400, 413, 422]);

/** Events as LogRecords of OTLP, in protobuf by the official serializer. */
export function otlpLogsSink(context: ExporterContext, config: OtlpHttpConfig): HttpSink {
  let source: LogSource | undefined;
  const serialized = (events: readonly CouicEvent[]) => {
    source ??= logSource(context);
    const from = source;
    return ProtobufLogsSerializer.serializeRequest(events.map((event) => logRecord(event, from)))!;
  };
  return new HttpSink(context.version, config, {
    targets: [{ url: logsUrl(config) }],
    headers: { 'content-type': 'application/x-protobuf' },
    gzip: config.compression === 'gzip',
    mostBytes: config.batch.max_size_mib * MIB,
    encoded: onceEach((event) => ({ event, text: '', bytes: serialized([event]).length })),
    body: (events) => serialized(events.map(({ event }) => event)),
    judge(answer, events, shown) {
      const { status, body } = answer;
      if (status >= 200 && status < 300) return judgeAccepted(body, events, shown, context);
      const failure = statusFailure(answer, refusalText(answer, shown));
      return ABOUT_RECORDS.has(status) ? { doubt: failure, tooLarge: status === 413 } : failure;
    },
  });
}

/**
 * The receiver may have taken a part only, says so in its 200, and not which: the same must not be sent again.
 * @see https://opentelemetry.io/docs/specs/otlp/#partial-success-1
 */
function judgeAccepted(
  body: Uint8Array,
  events: readonly EncodedEvent[],
  shown: string,
  { logger }: ExporterContext,
): Delivery {
  const { rejected, said } = partialSuccess(body);
  if (rejected >= events.length) return { refused: events.map(({ event }) => ({ event, reason: 'partial_success' })) };
  if (rejected > 0)
    logger.warn(`${shown} refused ${rejected} of ${counted(events.length, 'events')}, and not which: ${said}`);
  return {};
}

function partialSuccess(body: Uint8Array): { rejected: number; said: string } {
  try {
    const { partialSuccess: partial } = ProtobufLogsSerializer.deserializeResponse(body);
    return { rejected: Number(partial?.rejectedLogRecords ?? 0), said: printable(partial?.errorMessage ?? '', 300) };
  } catch {
    // A 2xx of what is no OTLP.
    return { rejected: 0, said: '' };
  }
}
