import type { ExporterFactory } from '../../../src/component.ts';
import { type OtlpHttpConfig, schema } from './config.ts';
import { OtlpHttpExporter } from './exporter.ts';

export const otlpHttp: ExporterFactory<OtlpHttpConfig> = {
  kind: 'exporter',
  type: 'otlp_http',
  aliases: ['otlphttp'],
  stability: 'beta',
  schema,
  secrets: [['headers', '*']],
  create: (context, config) => new OtlpHttpExporter(context, config),
};
