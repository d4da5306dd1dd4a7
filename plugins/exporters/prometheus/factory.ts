import type { ExporterFactory } from '../../../src/service/component.ts';
import { configSchema, type PrometheusConfig } from './config.ts';

export const prometheus: ExporterFactory<PrometheusConfig> = {
  kind: 'exporter',
  type: 'prometheus',
  summary: 'shows the metrics to a Prometheus',
  stability: 'beta',
  onEveryBridge: true,
  schema: configSchema,
  listensOn: ({ endpoint }) => endpoint,
  async create(context, config) {
    const { PrometheusExporter } = await import('./exporter.ts');
    return new PrometheusExporter(context, config);
  },
};
