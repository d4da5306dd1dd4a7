import type { ExporterFactory } from '../../../src/service/component.ts';
import { counter } from '../../../src/telemetry/instruments.ts';
import { ATTR, BRIDGE_METRICS } from '../../../src/telemetry/names.ts';
import { type ElasticsearchConfig, schema } from './config.ts';

export const elasticsearch: ExporterFactory<ElasticsearchConfig> = {
  kind: 'exporter',
  type: 'elasticsearch',
  signals: ['logs'],
  stability: 'beta',
  schema,
  secrets: [['password'], ['api_key'], ['headers', '*']],
  async create(context, config) {
    const { EventExporter } = await import('../../../src/events/event-exporter.ts');
    const { ElasticsearchSink } = await import('./sink.ts');
    const { id, meter, version } = context;
    const known = counter(meter, BRIDGE_METRICS.knownEvents);
    const onKnown = (events: number) => known.add(events, { [ATTR.exporter]: id });
    return new EventExporter(context, config, new ElasticsearchSink(config, { version, onKnown }));
  },
};
