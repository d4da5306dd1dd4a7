import type { ReceiverFactory } from '../../../src/service/component.ts';
import { type CouicApiConfig, configSchema } from './config.ts';

export const couicApiReceiver: ReceiverFactory<CouicApiConfig> = {
  kind: 'receiver',
  type: 'couic_api',
  summary: 'asks Couic for its packet counters and its rules',
  stability: 'beta',
  schema: configSchema,
  secrets: [['token'], ['reconcile', 'token']],
  async create(context, config) {
    const { CouicApiReceiver } = await import('./receiver.ts');
    return new CouicApiReceiver(context, config);
  },
};
