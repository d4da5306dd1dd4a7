import type { ExtensionFactory } from '../../../src/service/component.ts';
import { configSchema, type HealthCheckConfig } from './config.ts';

export const healthCheck: ExtensionFactory<HealthCheckConfig> = {
  kind: 'extension',
  type: 'health_check',
  summary: 'says over HTTP whether reports can be accepted',
  stability: 'beta',
  schema: configSchema,
  listensOn: ({ endpoint }) => endpoint,
  async create(context, config) {
    const { HealthCheck } = await import('./extension.ts');
    return new HealthCheck(context, config);
  },
};
