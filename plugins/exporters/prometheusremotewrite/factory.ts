import type { ExporterFactory } from '../../../src/service/component.ts';
import { type RemoteWriteConfig, schema } from './config.ts';

export const prometheusRemoteWrite: ExporterFactory<RemoteWriteConfig> = {
  kind: 'exporter',
  type: 'prometheusremotewrite',
  summary: 'pushes the samples of a scrape to Prometheus, Mimir, Thanos',
  stability: 'beta',
  schema,
  secrets: [['headers', '*']],
  async create(context, config) {
    const { PushExporter } = await import('../../../src/delivery/push-exporter.ts');
    const { remoteWriteProtocol } = await import('./protocol.ts');
    return new PushExporter(context, config, remoteWriteProtocol(config, context));
  },
};
