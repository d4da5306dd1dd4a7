import type { ExporterFactory } from '../../../src/service/component.ts';
import { type OtlpHttpConfig, schema } from './config.ts';

export const otlpHttp: ExporterFactory<OtlpHttpConfig> = {
  kind: 'exporter',
  type: 'otlp_http',
  aliases: ['otlphttp'],
  stability: 'beta',
  schema,
  secrets: [['headers', '*']],
  async create(context, config) {
    const { PushExporter } = await import('../../../src/delivery/push-exporter.ts');
    const { otlpHttpProtocol } = await import('./protocol.ts');
    return new PushExporter(context, config, otlpHttpProtocol(config, context.logger));
  },
};
