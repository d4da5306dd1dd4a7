import type { ExtensionFactory } from '../../../src/service/component.ts';
import { type JetStreamStorageConfig, openServers, schema } from './config.ts';
import { LOG_METRICS } from './metrics.ts';

export const jetStreamStorage: ExtensionFactory<JetStreamStorageConfig> = {
  kind: 'extension',
  type: 'jetstream_storage',
  summary: 'the same on several servers, for several bridges',
  stability: 'alpha',
  schema,
  metrics: Object.values(LOG_METRICS),
  secrets: [['password'], ['nkey']],
  warnings: (config) =>
    openServers(config).map((server) => ({
      path: ['servers'],
      message: `reports go to ${server} unencrypted: use tls://, or a network that nobody listens on`,
    })),
  async create(context, config) {
    const { JetStreamStorage } = await import('./storage.ts');
    return new JetStreamStorage(context, config);
  },
};
