import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { commands } from '../../src/cli/commands.ts';
import { systemClock } from '../../src/clock.ts';
import { factories } from '../../src/components.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { ownMetrics } from '../../src/service/own-metrics.ts';
import { Service } from '../../src/service/service.ts';
import { runCli } from './cli.ts';

interface Parts {
  /** YAML of exporters beside `prometheus`, by the directory of the state's parent. */
  readonly exporters?: (directory: string) => string;
  /** YAML of one extension beside `file_storage`: `status_page: {}`. */
  readonly extensions?: string;
  /** Lines of YAML below `service`. @default one pipeline of metrics */
  readonly service?: string;
}

const METRICS = 'metrics: {receivers: [couic], exporters: [prometheus]}';

/** A whole bridge in this process, for the commands that ask one, while it runs and after. */
export class ServedBridge {
  readonly directory: string;
  /** Of `c.yaml`, as the next command reads it. */
  yaml: string;
  service!: Service;
  /** Where reports go. */
  url = '';

  private constructor(
    directory: string,
    { exporters = () => '', extensions, service = `pipelines: {${METRICS}}` }: Parts,
  ) {
    this.directory = directory;
    this.yaml = `
receivers: {couic: {endpoint: 127.0.0.1:0}}
exporters: {prometheus: {endpoint: 127.0.0.1:0}${exporters(directory)}}
extensions: {file_storage: {directory: "${directory}/data"}${extensions ? `, ${extensions}` : ''}}
service:
  extensions: [file_storage${extensions ? `, ${extensions.split(':')[0]}` : ''}]
  ${service}
`;
  }

  static async start(parts: Parts = {}): Promise<ServedBridge> {
    const bridge = new ServedBridge(await mkdtemp(join(tmpdir(), 'served-bridge-')), parts);
    const readFile = () => bridge.yaml;
    const { config } = loadConfig({ configs: ['c.yaml'], sets: [], env: {}, readFile, factories });
    const log: string[] = [];
    const logger = pino({}, { write: (line) => log.push(JSON.parse(line).msg) });
    const metrics = ownMetrics(factories);
    bridge.service = await Service.create({ config, logger, clock: systemClock, version: '1.2.3', metrics });
    await bridge.service.start();
    bridge.url = /http:\S+/.exec(log.find((line) => line.startsWith('Listening for reports'))!)![0];
    return bridge;
  }

  cli(...args: string[]) {
    return runCli(args, commands, { files: { 'c.yaml': this.yaml }, factories });
  }

  async remove(): Promise<void> {
    await this.service.shutdown();
    await rm(this.directory, { recursive: true });
  }
}
