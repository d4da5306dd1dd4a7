import type { ExporterFactory } from '../../../src/service/component.ts';
import { type FileConfig, schema } from './config.ts';

export const file: ExporterFactory<FileConfig> = {
  kind: 'exporter',
  type: 'file',
  summary: 'writes events as lines of JSON',
  signals: ['logs'],
  stability: 'beta',
  schema,
  async create(context, config) {
    const { EventExporter } = await import('../../../src/events/event-exporter.ts');
    const { FileSink } = await import('./sink.ts');
    return new EventExporter(context, config, new FileSink(context, config));
  },
};
