import type { ExtensionFactory } from '../../../src/service/component.ts';
import { configSchema, type StatusPageConfig } from './config.ts';

export const statusPage: ExtensionFactory<StatusPageConfig> = {
  kind: 'extension',
  type: 'status_page',
  summary: 'a page to look at: whether it works, and what to do next',
  stability: 'alpha',
  schema: configSchema,
  secrets: [['token']],
  listensOn: ({ endpoint }) => endpoint,
  async create(context, config) {
    const { StatusPage } = await import('./extension.ts');
    return new StatusPage(context, config);
  },
};
