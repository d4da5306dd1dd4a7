import type { ExporterFactory } from '../../../src/service/component.ts';
import { counter } from '../../../src/telemetry/instruments.ts';
import { ATTR } from '../../../src/telemetry/names.ts';
import { type ElasticsearchConfig, schema } from './config.ts';
import { BULK_METRICS } from './metrics.ts';

export const elasticsearch: ExporterFactory<ElasticsearchConfig> = {
  kind: 'exporter',
  type: 'elasticsearch',
  summary: 'sends events to Elasticsearch and OpenSearch',
  signals: ['logs'],
  stability: 'beta',
  schema,
  metrics: Object.values(BULK_METRICS),
  secrets: [['password'], ['api_key'], ['headers', '*']],
  async create(context, config) {
    const { EventExporter } = await import('../../../src/events/event-exporter.ts');
    const { elasticsearchSink } = await import('./sink.ts');
    const { id, meter, version } = context;
    const known = counter(meter, BULK_METRICS.knownEvents);
    const onKnown = (events: number) => known.add(events, { [ATTR.exporter]: id });
    return new EventExporter(context, config, elasticsearchSink(config, { version, onKnown }));
  },
};
