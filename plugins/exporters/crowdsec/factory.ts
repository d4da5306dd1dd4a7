import type { ExporterFactory } from '../../../src/service/component.ts';
import { type CrowdSecConfig, schema } from './config.ts';
import { CrowdSecExporter } from './crowdsec-exporter.ts';

export const crowdsec: ExporterFactory<CrowdSecConfig> = {
  kind: 'exporter',
  type: 'crowdsec',
  stability: 'beta',
  schema,
  secrets: [['api_key']],
  create: (context, config) => new CrowdSecExporter(context, config),
};
