import type { ExporterFactory } from '../../../src/service/component.ts';
import { EventExporter } from '../../../src/events/event-exporter.ts';
import { type FileConfig, schema } from './config.ts';
import { FileSink } from './sink.ts';

export const file: ExporterFactory<FileConfig> = {
  kind: 'exporter',
  type: 'file',
  signals: ['logs'],
  stability: 'beta',
  schema,
  create: (context, config) => new EventExporter(context, config, new FileSink(context, config)),
};
