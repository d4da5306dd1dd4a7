import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { factories } from '../../src/components.ts';
import type { BridgeConfig } from '../../src/config/bridge-config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { ownMetrics } from '../../src/service/own-metrics.ts';
import { Service } from '../../src/service/service.ts';
import { temporaryDirectory } from '../log/embedded/testing.ts';
import { freePort } from '../support/free-port.ts';
import { bodyOf } from '../support/ledger.ts';

export const token = (name: string) => `a-token-that-is-long-of-${name}`;

interface Written {
  readonly ports: { readonly couic: number; readonly core: number; readonly metrics: number };
  readonly instances?: readonly object[];
  readonly prometheus?: object;
  readonly exporters?: Readonly<Record<string, object>>;
  readonly crowdsec?: object | undefined;
  /** Exporters of a pipeline `logs`; none: no such pipeline. */
  readonly events?: Readonly<Record<string, object>>;
  readonly service?: object;
  readonly directory: string;
}

export const EDGE = { name: 'edge', token: token('edge') };

function write({ ports, directory, ...given }: Written): BridgeConfig {
  const { instances = [EDGE], prometheus = {}, exporters = {}, crowdsec, events = {}, service } = given;
  const text = JSON.stringify({
    receivers: {
      couic: { endpoint: `127.0.0.1:${ports.couic}`, instances },
      'couic/core': { endpoint: `127.0.0.1:${ports.core}`, instances: [{ name: 'core', token: token('core') }] },
    },
    exporters: {
      prometheus: { endpoint: `127.0.0.1:${ports.metrics}`, ...prometheus },
      ...exporters,
      ...(crowdsec && { crowdsec }),
      ...events,
    },
    extensions: { file_storage: { directory } },
    service: {
      extensions: ['file_storage'],
      pipelines: {
        metrics: { receivers: ['couic', 'couic/core'], exporters: ['prometheus', ...Object.keys(exporters)] },
        ...(crowdsec && { 'metrics/lapi': { receivers: ['couic/core'], exporters: ['crowdsec'] } }),
        ...(Object.keys(events).length > 0 && { logs: { receivers: ['couic'], exporters: Object.keys(events) } }),
      },
      ...service,
    },
  });
  return loadConfig({ configs: ['c.yaml'], sets: [], env: {}, readFile: () => text, factories }).config;
}

/** A bridge of two listeners in this process, that can be given another configuration. */
export async function start(given: Partial<Written> = {}) {
  const directory = temporaryDirectory();
  const ports = { couic: await freePort(), core: await freePort(), metrics: await freePort() };
  const config = (written: Partial<Written> = {}) => write({ ports, directory, ...written });
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line).msg) });
  const metrics = ownMetrics(factories);
  const service = await Service.create({
    config: config(given),
    logger,
    clock: systemClock,
    version: '1.2.3',
    metrics,
  });
  onTestFinished(async () => void (await service.shutdown()));
  await service.start();
  return { service, config, ports, lines, directory };
}

/** Posts one report a time, on one connection or on one for each, until it is told to stop. */
export function sender(port: number, name: string, keepAlive: boolean) {
  const agent = new Agent({ keepAlive, maxSockets: 1 });
  const refused: string[] = [];
  let sent = 0;
  let isOver = false;
  const post = async () => {
    const cidr = `10.0.${sent >> 8}.${sent & 255}/32`;
    const body = bodyOf([{ action: 'add', cidr }]);
    try {
      const posted = request({ port, host: '127.0.0.1', method: 'POST', path: `/v1/reports/${token(name)}`, agent });
      posted.end(body);
      const [response] = (await once(posted, 'response')) as [IncomingMessage];
      const answer = Buffer.concat(await response.toArray()).toString();
      if (response.statusCode === 200) sent++;
      else refused.push(`${response.statusCode} ${answer}`);
    } catch (error) {
      refused.push(String(error));
    }
  };
  const running = (async () => {
    while (!isOver) {
      await post();
      await nextTurn();
    }
  })();
  return {
    refused,
    /** Those that were answered. */
    get sent() {
      return sent;
    },
    /** Until it has sent so many more, or one was refused. */
    async more(count: number) {
      const until = sent + count;
      while (sent < until && refused.length === 0) await nextTurn();
    },
    async stop() {
      isOver = true;
      await running;
      agent.destroy();
      return sent;
    },
  };
}

export async function scrape(port: number): Promise<string> {
  const [response] = (await once(
    request({ port, host: '127.0.0.1', path: '/metrics', agent: false }).end(),
    'response',
  )) as [IncomingMessage];
  return Buffer.concat(await response.toArray()).toString();
}

export function sumOf(text: string, metric: string, instance: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`));
  const own = lines.filter((line) => line.includes(`couic_instance_name="${instance}"`));
  return own.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
