import type { ExporterFactory } from '../../../src/service/component.ts';
import { configSchema, type PrometheusConfig } from './config.ts';
import { PrometheusExporter } from './exporter.ts';

export const prometheus: ExporterFactory<PrometheusConfig> = {
  kind: 'exporter',
  type: 'prometheus',
  stability: 'beta',
  schema: configSchema,
  create: (context, config) => new PrometheusExporter(context, config),
};
