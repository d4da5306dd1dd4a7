import type { ExporterFactory } from '../../../src/service/component.ts';
import { type CrowdSecConfig, schema } from './config.ts';
import { WINDOW_METRICS } from './metrics.ts';
import { sharedKeys } from './one-key-each.ts';
import { ruleWarnings } from './rules/check.ts';
import { CAPTURES } from './rules/config.ts';
import { splitByKey } from './rules/per.ts';

/** Milliseconds. */
const RECOMMENDED = 900_000;

export const crowdsec: ExporterFactory<CrowdSecConfig> = {
  kind: 'exporter',
  type: 'crowdsec',
  summary: "sends usage-metrics windows to CrowdSec's Local API",
  stability: 'beta',
  schema,
  metrics: Object.values(WINDOW_METRICS),
  secrets: [['api_key'], ['keys', '*']],
  captures: CAPTURES,
  split: splitByKey,
  conflicts: sharedKeys,
  warnings: ({ dry_run, interval, metrics = [] }) => [
    ...(dry_run || interval >= RECOMMENDED
      ? []
      : [{ path: ['interval'], message: 'is under 15m, the least that CrowdSec recommends' }]),
    ...ruleWarnings(metrics).map(({ path, message }) => ({ path: ['metrics', ...path], message })),
  ],
  async create(context, config) {
    const { CrowdSecExporter } = await import('./crowdsec-exporter.ts');
    return new CrowdSecExporter(context, config);
  },
};
