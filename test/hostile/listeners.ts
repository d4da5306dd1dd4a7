import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { configSchema as prometheusSchema } from '../../plugins/exporters/prometheus/config.ts';
import { PrometheusExporter } from '../../plugins/exporters/prometheus/exporter.ts';
import { configSchema as healthSchema } from '../../plugins/extensions/health_check/config.ts';
import { HealthCheck } from '../../plugins/extensions/health_check/extension.ts';
import { configSchema as pageSchema } from '../../plugins/extensions/status_page/config.ts';
import { StatusPage } from '../../plugins/extensions/status_page/extension.ts';
import { configSchema as couicSchema } from '../../plugins/receivers/couic/config.ts';
import { CouicReceiver } from '../../plugins/receivers/couic/receiver.ts';
import { systemClock } from '../../src/clock.ts';
import { ConnectionBudget } from '../../src/http/connection-budget.ts';
import type { ListenerLimits } from '../../src/http/listener-limits.ts';
import { LEDGER_METRICS } from '../../src/ledger/metrics.ts';
import { AdminServer } from '../../src/service/admin/admin-server.ts';
import { LocalAdmin } from '../../src/service/admin/local-admin.ts';
import { adminSocketFile } from '../../src/service/admin/socket-path.ts';
import { makeAuthority } from '../support/certificates.ts';
import { exporterContext } from '../support/exporter-context.ts';
import { FakeLedger } from '../support/fake-ledger.ts';
import { FakeProducer } from '../support/fake-producer.ts';
import { postHead } from '../support/raw-http.ts';
import { receiverContext } from '../support/receiver-context.ts';

export const TOKEN = '550e8400-e29b-41d4-a716-446655440000';
export const GOOD_POST = `${postHead(`/v1/reports/${TOKEN}`, 2)}[]`;

export interface Listener {
  /** A connection that stays half open when the listener ends its side, as an attacker's would. */
  connect(): Promise<Socket>;
  /** A request that is answered with 200. */
  readonly good: string;
  /** One that is answered with 401 or 404. */
  readonly bad: string;
}

const SHORT: ListenerLimits = {
  read_header_timeout: 10_000,
  idle_timeout: 100_000,
  write_timeout: 300,
  max_connections: 40,
};
const HOST = 'Host: bridge\r\n';
const get = (path: string) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`;
const ENDPOINT = '127.0.0.1:0';

/** Each listener of the bridge, started with short times and little room. */
export const LISTENERS: Readonly<Record<string, (limits?: Partial<ListenerLimits>) => Promise<Listener>>> = {
  reports: async (limits) => {
    const { port } = await reports(limits);
    return { connect: () => connected(connect({ port, host: '127.0.0.1', allowHalfOpen: true })), ...REPORTS };
  },
  'reports over TLS': async (limits) => {
    const { cert, key } = await (await makeAuthority()).issue('bridge');
    const directory = temporaryDirectory();
    const tls = { cert_file: join(directory, 'cert.pem'), key_file: join(directory, 'key.pem') };
    writeFileSync(tls.cert_file, cert);
    writeFileSync(tls.key_file, key);
    const { port } = await reports(limits, { tls });
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false, allowHalfOpen: true };
    return { connect: () => connected(connectTls(options), 'secureConnect'), ...REPORTS };
  },
  scrape: async (limits) => {
    const { port } = await scrape(limits);
    const open = () => connected(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
    return { connect: open, good: get('/metrics'), bad: get('/other') };
  },
  health: async (limits) => {
    const health = new HealthCheck(exporterContext({ id: 'health_check' }), {
      ...healthSchema.parse({ endpoint: ENDPOINT }),
      ...SHORT,
      ...limits,
    });
    await health.start();
    onTestFinished(() => health.shutdown(AbortSignal.abort()));
    const { port } = health.endpoint!;
    const open = () => connected(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
    return { connect: open, good: get('/'), bad: get('/other') };
  },
  page: async (limits) => {
    const page = new StatusPage(exporterContext({ id: 'status_page' }), {
      ...pageSchema.parse({ endpoint: ENDPOINT, allowed_hosts: ['bridge'] }),
      ...SHORT,
      ...limits,
    });
    await page.start();
    onTestFinished(() => page.shutdown(AbortSignal.abort()));
    const { port } = page.endpoint!;
    const open = () => connected(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
    return { connect: open, good: get('/page.css'), bad: get('/other') };
  },
  'admin socket': async (limits) => {
    const directory = temporaryDirectory();
    const server = new AdminServer({
      admin: new LocalAdmin(() => [], true),
      connections: new ConnectionBudget(),
      logger: pino({ enabled: false }),
      clock: systemClock,
      limits: { ...SHORT, ...limits },
    });
    await server.start(directory);
    onTestFinished(() => server.stop());
    const open = () => connected(connect({ path: adminSocketFile(directory), allowHalfOpen: true }));
    return { connect: open, good: get('/components'), bad: get('/other') };
  },
};

const REPORTS = { good: GOOD_POST, bad: `${postHead('/v1/reports/wrong', 2)}[]` };

/** A receiver that knows `TOKEN`. */
export async function reports(limits: Partial<ListenerLimits> = {}, config: Record<string, unknown> = {}) {
  const ledger = new FakeLedger();
  const context = receiverContext(ledger);
  const instances = [{ name: 'edge', token: TOKEN }];
  const parsed = couicSchema.parse({ endpoint: ENDPOINT, instances, ...config });
  const receiver = new CouicReceiver(context, { ...parsed, ...SHORT, ...limits });
  await receiver.start();
  onTestFinished(() => receiver.shutdown(AbortSignal.abort()));
  return { ledger, context, port: receiver.endpoint.port };
}

/** A scrape port. @param series - how many; 15,000 are more than sockets buffer. */
export async function scrape(limits: Partial<ListenerLimits> = {}, series = 10) {
  const producer = new FakeProducer(
    Array.from({ length: series }, (_, value) => ({
      metric: LEDGER_METRICS.reports,
      attributes: { 'couic.rule.tag': `${'a-tag-that-makes-the-answer-larger'.repeat(24)}-${value}` },
      value,
    })),
  );
  let collections = 0;
  const collect = producer.collect.bind(producer);
  producer.collect = () => {
    collections++;
    return collect();
  };
  const context = exporterContext({ producer });
  const config = { ...prometheusSchema.parse({ endpoint: ENDPOINT }), ...SHORT, ...limits };
  const exporter = new PrometheusExporter(context, config);
  context.provider.register([exporter.reader]);
  await exporter.start();
  onTestFinished(() => exporter.shutdown(AbortSignal.abort()));
  return { context, port: exporter.endpoint!.port, collections: () => collections };
}

/** Sends a request on a connection of its own. @returns the answer. */
export async function ask({ connect: open }: Listener, request: string): Promise<string> {
  const socket = await open();
  socket.write(request);
  let text = '';
  for await (const data of socket) {
    text += data;
    const [head = '', body] = text.split('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (body !== undefined && (body.length >= length || Number.isNaN(length))) break;
  }
  socket.destroy();
  return text;
}

/**
 * Whether the other side is gone altogether, and has not only ended its half: a write is answered with a reset then. Empty
 * lines between requests are nothing to HTTP.
 */
export function isGone(socket: Socket): boolean {
  if (socket.readableEnded || socket.isPaused()) socket.write('\r\n');
  return socket.destroyed;
}

function connected(socket: Socket, event = 'connect'): Promise<Socket> {
  onTestFinished(() => void socket.destroy());
  return new Promise((resolve, reject) => {
    socket.once('error', reject).once(event, () => {
      socket.off('error', reject).on('error', () => {});
      resolve(socket);
    });
  });
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'hostile-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}
