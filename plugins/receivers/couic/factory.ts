import type { ReceiverFactory } from '../../../src/service/component.ts';
import { type CouicReceiverConfig, configSchema, SHORT_TOKEN, tokensOf } from './config.ts';
import { RECEIVER_METRICS } from './metrics.ts';

export const couicReceiver: ReceiverFactory<CouicReceiverConfig> = {
  kind: 'receiver',
  type: 'couic',
  summary: 'takes what Couic sends to its webhook',
  stability: 'beta',
  onEveryBridge: true,
  schema: configSchema,
  metrics: Object.values(RECEIVER_METRICS),
  secrets: [
    ['instances', '*', 'token'],
    ['instances', '*', 'tokens'],
  ],
  warnings: ({ instances }) =>
    instances.flatMap((instance, index) => {
      if (tokensOf(instance).every(({ length }) => length >= SHORT_TOKEN)) return [];
      const path = ['instances', index, instance.tokens ? 'tokens' : 'token'];
      return [{ path, message: 'the token is short enough to be guessed: "couic-otel-bridge token" makes a good one' }];
    }),
  listensOn: ({ endpoint }) => endpoint,
  async create(context, config) {
    const { CouicReceiver } = await import('./receiver.ts');
    return new CouicReceiver(context, config);
  },
};
