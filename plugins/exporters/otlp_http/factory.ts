import type { ExporterContext, ExporterFactory } from '../../../src/service/component.ts';
import { logsUrl, metricsUrl, type OtlpHttpConfig, schema } from './config.ts';

/** Of OTLP over gRPC, which the bridge does not send. */
const GRPC_PORT = '4317';

export const otlpHttp: ExporterFactory<OtlpHttpConfig> = {
  kind: 'exporter',
  type: 'otlp_http',
  summary: 'sends metrics and events to what takes OTLP over HTTP',
  aliases: ['otlphttp'],
  signals: ['metrics', 'logs'],
  stability: 'beta',
  schema,
  secrets: [['headers', '*']],
  warnings: (config) =>
    [metricsUrl(config), logsUrl(config)].some((url) => new URL(url).port === GRPC_PORT)
      ? [{ path: [], message: `port ${GRPC_PORT} is where gRPC is spoken: OTLP over HTTP has 4318` }]
      : [],
  async create(context, config) {
    const metrics = context.has('metrics') ? await pushed(context, config) : undefined;
    const events = context.has('logs') ? await told(context, config) : undefined;
    if (!metrics || !events) return (metrics ?? events)!;
    const { bothSignals } = await import('./both-signals.ts');
    return bothSignals(metrics, events);
  },
};

async function pushed(context: ExporterContext, config: OtlpHttpConfig) {
  const { PushExporter } = await import('../../../src/delivery/push-exporter.ts');
  const { otlpHttpProtocol } = await import('./protocol.ts');
  return new PushExporter(context, config, otlpHttpProtocol(config, context.logger));
}

/** Metrics are given up after a while, since the next ones have it all; events by the bounds of their queue only. */
async function told(context: ExporterContext, config: OtlpHttpConfig) {
  const { EventExporter } = await import('../../../src/events/event-exporter.ts');
  const { otlpLogsSink } = await import('./logs-sink.ts');
  const retry_on_failure = { ...config.retry_on_failure, enabled: true, max_elapsed_time: 0 };
  return new EventExporter(context, { ...config, retry_on_failure }, otlpLogsSink(context, config));
}
