import type { ExporterFactory } from '../../../src/service/component.ts';
import { type SplunkHecConfig, schema } from './config.ts';

export const splunkHec: ExporterFactory<SplunkHecConfig> = {
  kind: 'exporter',
  type: 'splunk_hec',
  summary: "sends events to Splunk's HTTP Event Collector",
  signals: ['logs'],
  stability: 'beta',
  schema,
  secrets: [['token'], ['headers', '*']],
  async create(context, config) {
    const { EventExporter } = await import('../../../src/events/event-exporter.ts');
    const { splunkHecSink } = await import('./sink.ts');
    return new EventExporter(context, config, splunkHecSink(config, context.version));
  },
};
