import type { ExporterFactory } from '../../../src/service/component.ts';
import { type SyslogConfig, schema } from './config.ts';

export const syslog: ExporterFactory<SyslogConfig> = {
  kind: 'exporter',
  type: 'syslog',
  summary: 'sends events as syslog, over TLS, TCP or UDP',
  signals: ['logs'],
  stability: 'beta',
  schema,
  async create(context, config) {
    const { EventExporter } = await import('../../../src/events/event-exporter.ts');
    if (config.network === 'udp') {
      const { UdpSink } = await import('./udp-sink.ts');
      return new EventExporter(context, config, new UdpSink(config));
    }
    const { TcpSink } = await import('./tcp-sink.ts');
    return new EventExporter(context, config, new TcpSink(context, config));
  },
};
