import type { ExporterFactory } from '../../../src/service/component.ts';
import { type CrowdSecConfig, schema } from './config.ts';
import { sharedKeys } from './one-key-each.ts';

export const crowdsec: ExporterFactory<CrowdSecConfig> = {
  kind: 'exporter',
  type: 'crowdsec',
  stability: 'beta',
  schema,
  secrets: [['api_key']],
  conflicts: sharedKeys,
  async create(context, config) {
    const { CrowdSecExporter } = await import('./crowdsec-exporter.ts');
    return new CrowdSecExporter(context, config);
  },
};
