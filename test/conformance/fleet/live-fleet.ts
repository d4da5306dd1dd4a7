import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BulkServer } from '../../support/bulk-api/server.ts';
import { seededRandom } from '../../support/couic-sim/random.ts';
import { LapiServer } from '../../support/lapi/server.ts';
import { MetricsSink } from '../../support/metrics-sink.ts';
import { BridgeProcess } from '../tools/bridge-process.ts';
import { apiReceiver, FleetCouic } from './fleet-couic.ts';
import { fleet, type Profile } from './profile.ts';

const seconds = () => Math.floor(Date.now() / 1000);

/** A built bridge in real time, three Couics that feed it, one LAPI that takes windows and one that knows no such key. */
export class LiveFleet {
  readonly bridge: BridgeProcess;
  readonly couics: readonly FleetCouic[];
  readonly lapi: LapiServer;
  readonly #deafLapi: LapiServer;
  readonly #otlp: MetricsSink;
  readonly #siem: BulkServer;
  readonly #sockets: string;

  private constructor(parts: {
    bridge: BridgeProcess;
    couics: FleetCouic[];
    lapis: [LapiServer, LapiServer];
    otlp: MetricsSink;
    siem: BulkServer;
    sockets: string;
  }) {
    this.bridge = parts.bridge;
    this.couics = parts.couics;
    [this.lapi, this.#deafLapi] = parts.lapis;
    this.#otlp = parts.otlp;
    this.#siem = parts.siem;
    this.#sockets = parts.sockets;
  }

  /**
   * @param length - seconds that the scene will last.
   * @param collector - OTLP endpoint to which the bridge sends as well.
   */
  static async start(length: number, collector?: string): Promise<LiveFleet> {
    const start = seconds();
    const profiles = fleet({ start, end: start + length, hurry: 600 });
    const sockets = await mkdtemp(join(tmpdir(), 'couic-api-'));
    const lapi = await new LapiServer().start();
    const deafLapi = await new LapiServer({ keys: { 'another-key': 'bridge' } }).start();
    const otlp = new MetricsSink();
    const siem = await new BulkServer(seededRandom(5)).start();
    siem.refused = 0.05;
    const addresses = {
      lapi: lapi.url,
      deafLapi: deafLapi.url,
      otlp: await otlp.open(),
      siem: siem.url,
      collector,
      sockets,
    };
    const bridge = await BridgeProcess.start(config(profiles, addresses));
    const couics = profiles.map(
      (profile, seed) => new FleetCouic({ profile, seed, sockets, webhook: bridge.webhook, now: seconds }),
    );
    return new LiveFleet({ bridge, couics, lapis: [lapi, deafLapi], otlp, siem, sockets });
  }

  /** Lives for so many seconds, with everything that can go wrong going wrong now and then. */
  async live(length: number): Promise<void> {
    for (const couic of this.couics) await couic.start();
    const refusal = JSON.stringify({ message: 'a window that this LAPI does not like' });
    for (let second = 0; second < length; second++) {
      for (const couic of this.couics) couic.advance();
      if (second % 5 === 2) this.lapi.faults.push({ kind: 'status', status: 503 });
      if (second % 7 === 3) this.lapi.faults.push({ kind: 'status', status: 422, body: refusal });
      // Tried again, and then given up.
      if (second % 6 === 1) this.#otlp.answers.push({ status: 503 }, { status: 400 });
      await this.#misbehave(second);
      await delay(1000);
    }
    for (const { couic } of this.couics) await couic.drained();
  }

  async stop(): Promise<void> {
    await Promise.all(this.couics.map((couic) => couic.stop()));
    await this.bridge.stop();
    await Promise.all([this.lapi.stop(), this.#deafLapi.stop(), this.#otlp.close(), this.#siem.stop()]);
    await rm(this.#sockets, { recursive: true, force: true });
  }

  /** What Couic does not do by itself: the same body twice, invalid reports, no JSON at all, a wrong token, new tags without end. */
  async #misbehave(second: number): Promise<void> {
    const paris = this.couics[0]!;
    const token = '11111111-1111-4111-8111-111111111111';
    // Who speaks by the token of a Couic takes the place of what that Couic is sending, and its retry is not known as one any more.
    await paris.couic.drained();
    const report = (cidr: string) =>
      `{"action":"remove","policy":"drop","entry":{"creation":1,"cidr":"${cidr}","tag":null,"expiration":0},"metadata":null}`;
    const body = `[${report(`198.51.100.${second % 256}/32`)}]`;
    for (const sent of [body, body, `[${report('not a network')}]`, 'no JSON']) {
      await fetch(`${this.bridge.webhook}/${token}`, { method: 'POST', body: sent });
    }
    await fetch(`${this.bridge.webhook}/99999999-9999-4999-8999-999999999999`, { method: 'POST', body });
    paris.add('drop', `203.0.113.${second % 256}/32`, `tag-${second}`, `kind-${second}`);
  }
}

interface Addresses {
  readonly lapi: string;
  readonly deafLapi: string;
  readonly otlp: string;
  readonly siem: string;
  readonly collector: string | undefined;
  readonly sockets: string;
}

function config(profiles: readonly Profile[], { lapi, deafLapi, otlp, siem, collector, sockets }: Addresses): unknown {
  const retry = { retry_on_failure: { initial_interval: '100ms', max_interval: '200ms' } };
  const crowdsec = { api_key: 'test-key', interval: '1s', ...retry };
  const exporters = {
    prometheus: { endpoint: '127.0.0.1:0' },
    crowdsec: { ...crowdsec, endpoint: lapi },
    otlp_http: { endpoint: otlp, interval: '1s', ...retry },
    'crowdsec/deaf': { ...crowdsec, endpoint: deafLapi, outbox: { max_age: '3s' } },
    ...(collector && { 'otlp_http/collector': { endpoint: collector, interval: '1s' } }),
  };
  const receivers: Record<string, unknown> = {
    couic: { endpoint: '127.0.0.1:0', instances: profiles.map(({ name, token }) => ({ name, token })) },
  };
  for (const { name } of profiles) {
    const often = { collection_interval: '1s', reconcile: { interval: '10s' } };
    receivers[`couic_api/${name}`] = { ...apiReceiver(sockets, name), ...often };
  }
  return {
    receivers,
    exporters: { ...exporters, elasticsearch: { endpoint: siem, ...retry } },
    extensions: { file_storage: { directory: 'DIRECTORY' } },
    service: {
      extensions: ['file_storage'],
      pipelines: {
        metrics: { receivers: Object.keys(receivers), exporters: Object.keys(exporters) },
        logs: { receivers: Object.keys(receivers), exporters: ['elasticsearch'] },
      },
      attribute_limits: { tags: 12, kinds: 6 },
    },
  };
}
