import type { ReceiverFactory } from '../../../src/service/component.ts';
import { type CouicReceiverConfig, configSchema } from './config.ts';

export const couicReceiver: ReceiverFactory<CouicReceiverConfig> = {
  kind: 'receiver',
  type: 'couic',
  stability: 'beta',
  schema: configSchema,
  secrets: [
    ['instances', '*', 'token'],
    ['instances', '*', 'tokens'],
  ],
  listensOn: ({ endpoint }) => endpoint,
  async create(context, config) {
    const { CouicReceiver } = await import('./receiver.ts');
    return new CouicReceiver(context, config);
  },
};
