import type { ExporterFactory } from '../../../src/service/component.ts';
import { EventExporter } from '../../../src/events/event-exporter.ts';
import { type SyslogConfig, schema } from './config.ts';
import { TcpSink } from './tcp-sink.ts';
import { UdpSink } from './udp-sink.ts';

export const syslog: ExporterFactory<SyslogConfig> = {
  kind: 'exporter',
  type: 'syslog',
  signals: ['logs'],
  stability: 'beta',
  schema,
  create(context, config) {
    const sink = config.network === 'udp' ? new UdpSink(config) : new TcpSink(context, config);
    return new EventExporter(context, config, sink);
  },
};
