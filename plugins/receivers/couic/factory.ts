import type { ReceiverFactory } from '../../../src/service/component.ts';
import { type CouicReceiverConfig, configSchema } from './config.ts';
import { CouicReceiver } from './receiver.ts';

export const couicReceiver: ReceiverFactory<CouicReceiverConfig> = {
  kind: 'receiver',
  type: 'couic',
  stability: 'beta',
  schema: configSchema,
  secrets: [
    ['instances', '*', 'token'],
    ['instances', '*', 'tokens'],
  ],
  create: (context, config) => new CouicReceiver(context, config),
};
