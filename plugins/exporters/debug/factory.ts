import type { ExporterFactory } from '../../../src/service/component.ts';
import { type DebugConfig, schema } from './config.ts';

export const debug: ExporterFactory<DebugConfig> = {
  kind: 'exporter',
  type: 'debug',
  summary: "writes metrics and events to the bridge's log, to look at",
  signals: ['metrics', 'logs'],
  stability: 'beta',
  schema,
  async create(context, config) {
    const { DebugExporter } = await import('./exporter.ts');
    return new DebugExporter(context, config);
  },
};
