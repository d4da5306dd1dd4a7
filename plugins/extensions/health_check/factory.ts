import type { ExtensionFactory } from '../../../src/service/component.ts';
import { configSchema, type HealthCheckConfig } from './config.ts';
import { HealthCheck } from './extension.ts';

export const healthCheck: ExtensionFactory<HealthCheckConfig> = {
  kind: 'extension',
  type: 'health_check',
  stability: 'beta',
  schema: configSchema,
  create: (context, config) => new HealthCheck(context, config),
};
