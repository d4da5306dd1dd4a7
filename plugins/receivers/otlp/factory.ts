import { isLoopback } from '../../../src/config/endpoint.ts';
import type { ReceiverFactory } from '../../../src/service/component.ts';
import { configSchema, endpointsOf, type OtlpReceiverConfig } from './config.ts';
import { OTLP_METRICS } from './metrics.ts';

export const otlpReceiver: ReceiverFactory<OtlpReceiverConfig> = {
  kind: 'receiver',
  type: 'otlp',
  summary: 'takes metrics of any program or Collector over OTLP, and keeps their totals',
  stability: 'alpha',
  schema: configSchema,
  metrics: Object.values(OTLP_METRICS),
  signals: ['metrics'],
  secrets: [['auth', 'tokens']],
  listensOn: endpointsOf,
  warnings: ({ protocols, auth }) =>
    (['http', 'grpc'] as const).flatMap((name) => {
      const protocol = protocols[name];
      if (!protocol || !auth || protocol.tls || isLoopback(protocol.endpoint.host)) return [];
      const message = 'tokens come here unencrypted: give tls, or listen where nobody else does';
      return [{ path: ['protocols', name], message }];
    }),
  async create(context, config) {
    const { OtlpReceiver } = await import('./receiver.ts');
    // The library of gRPC is large, and most senders speak HTTP.
    const { GrpcListener } = config.protocols.grpc ? await import('./grpc-listener.ts') : {};
    return new OtlpReceiver(context, config, GrpcListener);
  },
};
