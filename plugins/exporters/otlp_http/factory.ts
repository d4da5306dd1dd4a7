import { PushExporter } from '../../../src/delivery/push-exporter.ts';
import type { ExporterFactory } from '../../../src/service/component.ts';
import { type OtlpHttpConfig, schema } from './config.ts';
import { otlpHttpProtocol } from './protocol.ts';

export const otlpHttp: ExporterFactory<OtlpHttpConfig> = {
  kind: 'exporter',
  type: 'otlp_http',
  aliases: ['otlphttp'],
  stability: 'beta',
  schema,
  secrets: [['headers', '*']],
  create: (context, config) => new PushExporter(context, config, otlpHttpProtocol(config, context.logger)),
};
