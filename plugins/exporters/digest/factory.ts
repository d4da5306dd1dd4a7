import { isLoopback } from '../../../src/config/endpoint.ts';
import type { ExporterFactory } from '../../../src/service/component.ts';
import { type DigestConfig, schema } from './config.ts';
import { DIGEST_METRICS } from './metrics.ts';

export const digest: ExporterFactory<DigestConfig> = {
  kind: 'exporter',
  type: 'digest',
  summary: 'sends a summary of each quarter of an hour to Discord, or to a webhook',
  signals: ['logs'],
  stability: 'beta',
  schema,
  metrics: Object.values(DIGEST_METRICS),
  secrets: [
    ['notifiers', 'discord', '*', 'webhook_url'],
    ['notifiers', 'webhook', '*', 'endpoint'],
    ['notifiers', 'webhook', '*', 'headers', '*'],
    ['notifiers', 'webhook', '*', 'secret'],
  ],
  warnings: ({ notifiers: { discord, webhook } }) => {
    const urls = [
      ...discord.map(({ webhook_url }, index) => ({ option: ['discord', index, 'webhook_url'], url: webhook_url })),
      ...webhook.map(({ endpoint }, index) => ({ option: ['webhook', index, 'endpoint'], url: endpoint })),
    ];
    return urls
      .filter(({ url }) => url.startsWith('http:') && !isLoopback(new URL(url).hostname))
      .map(({ option }) => ({
        path: ['notifiers', ...option],
        message: 'is not https: whoever listens in between can read it, and send in its place',
      }));
  },
  async create(context, config) {
    const { DigestExporter } = await import('./digest-exporter.ts');
    return new DigestExporter(context, config);
  },
};
