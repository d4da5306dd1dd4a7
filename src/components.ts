import { crowdsec } from '../plugins/exporters/crowdsec/factory.ts';
import { previewCommand } from '../plugins/exporters/crowdsec/preview-command.ts';
import { windowsCommand } from '../plugins/exporters/crowdsec/windows-command.ts';
import { debug } from '../plugins/exporters/debug/factory.ts';
import { importCouicReportCommand } from '../plugins/exporters/digest/couic-report/import-command.ts';
import { digestCommand } from '../plugins/exporters/digest/digest-command.ts';
import { digest } from '../plugins/exporters/digest/factory.ts';
import { elasticsearch } from '../plugins/exporters/elasticsearch/factory.ts';
import { file } from '../plugins/exporters/file/factory.ts';
import { otlpHttp } from '../plugins/exporters/otlp_http/factory.ts';
import { prometheus } from '../plugins/exporters/prometheus/factory.ts';
import { prometheusRemoteWrite } from '../plugins/exporters/prometheusremotewrite/factory.ts';
import { splunkHec } from '../plugins/exporters/splunk_hec/factory.ts';
import { syslog } from '../plugins/exporters/syslog/factory.ts';
import { fileStorage } from '../plugins/extensions/file_storage/factory.ts';
import { healthCheck } from '../plugins/extensions/health_check/factory.ts';
import { jetStreamStorage } from '../plugins/extensions/jetstream_storage/factory.ts';
import { statusPage } from '../plugins/extensions/status_page/factory.ts';
import { pageCommand } from '../plugins/extensions/status_page/page-command.ts';
import { couicReceiver } from '../plugins/receivers/couic/factory.ts';
import { tokenCommand } from '../plugins/receivers/couic/token-command.ts';
import { couicApiReceiver } from '../plugins/receivers/couic_api/factory.ts';
import { otlpReceiver } from '../plugins/receivers/otlp/factory.ts';
import type { Command } from './cli/command.ts';
import type { AnyFactory } from './service/component.ts';

/** Every component of the bridge: the only file that imports plugins/. A type that is here twice fails at start. */
export const factories: readonly AnyFactory[] = [
  couicReceiver,
  couicApiReceiver,
  otlpReceiver,
  crowdsec,
  otlpHttp,
  prometheus,
  prometheusRemoteWrite,
  elasticsearch,
  splunkHec,
  syslog,
  file,
  digest,
  debug,
  fileStorage,
  jetStreamStorage,
  healthCheck,
  statusPage,
];

/** Commands that components bring, each in the folder of its component. */
export const componentCommands: readonly Command[] = [
  tokenCommand,
  windowsCommand,
  previewCommand,
  digestCommand,
  importCouicReportCommand,
  pageCommand,
];
