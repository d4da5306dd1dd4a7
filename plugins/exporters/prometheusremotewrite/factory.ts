import { PushExporter } from '../../../src/delivery/push-exporter.ts';
import type { ExporterFactory } from '../../../src/service/component.ts';
import { type RemoteWriteConfig, schema } from './config.ts';
import { remoteWriteProtocol } from './protocol.ts';

export const prometheusRemoteWrite: ExporterFactory<RemoteWriteConfig> = {
  kind: 'exporter',
  type: 'prometheusremotewrite',
  stability: 'beta',
  schema,
  secrets: [['headers', '*']],
  create: (context, config) => new PushExporter(context, config, remoteWriteProtocol(config, context)),
};
