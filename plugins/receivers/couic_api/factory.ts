import type { ReceiverFactory } from '../../../src/service/component.ts';
import { type CouicApiConfig, configSchema } from './config.ts';
import { CouicApiReceiver } from './receiver.ts';

export const couicApiReceiver: ReceiverFactory<CouicApiConfig> = {
  kind: 'receiver',
  type: 'couic_api',
  stability: 'beta',
  schema: configSchema,
  secrets: [['token'], ['reconcile', 'token']],
  create: (context, config) => new CouicApiReceiver(context, config),
};
