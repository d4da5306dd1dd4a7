import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { CrowdSecExporter } from '../../../plugins/exporters/crowdsec/crowdsec-exporter.ts';
import { crowdsec } from '../../../plugins/exporters/crowdsec/factory.ts';
import { factories } from '../../../src/components.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { Service } from '../../../src/service.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { seededRandom } from '../../support/couic-sim/random.ts';
import { LapiServer } from '../../support/lapi/server.ts';
import { renderApiMetrics } from './api-metrics.ts';
import { FleetCouic } from './fleet-couic.ts';
import { fleet, type Profile } from './profile.ts';
import { SteppedClock } from './stepped-clock.ts';

export interface FastMotionOptions {
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
  /** Seconds from one scrape to the next; at most a minute, or the bridge takes the step for a wrong clock. */
  readonly scrape: number;
  /** Given each scrape's text and its time. */
  readonly onScrape: (exposition: string, time: number) => void;
}

/** Couic's timings for a clock that stands still while it sends. */
const AT_ONCE = { look: 1, timeout: 5000, backoff: 1, maxBackoff: 1 };

/**
 * Hours in seconds: the real service, with its real receiver, ledger and exporters, in a time that is moved on by hand, fed by the fleet. LAPI is out of
 * order for a while.
 */
export async function fastMotion({ start, end, scrape, onScrape }: FastMotionOptions): Promise<void> {
  const clock = new SteppedClock(start * 1000);
  const seconds = () => Math.floor(clock.now() / 1000);
  const profiles = fleet({ start, end, hurry: 1 });
  const directory = await mkdtemp(join(tmpdir(), 'couic-fast-motion-'));
  const lapi = await new LapiServer({ now: () => clock.now() }).start();
  const addresses = new Map<string, string>();
  const service = startable(clock, config(profiles, lapi.url, directory), addresses);
  await withFastIntervals(() => service.start());
  const webhook = addresses.get('reports')!;
  const metrics = addresses.get('metrics')!;
  const random = seededRandom(7);
  const couics = profiles.map(
    (profile, seed) =>
      // Reports wait a little at Couic before they are sent.
      new FleetCouic({ profile, seed, webhook, timings: AT_ONCE, now: () => seconds() - Math.floor(random() * 3) }),
  );
  try {
    for (const { couic } of couics) couic.start();
    for (let time = start; time <= end; time += scrape) {
      const part = (time - start) / (end - start);
      lapi.faults.length = 0;
      if (part > 0.35 && part < 0.55) for (let i = 0; i < 20; i++) lapi.faults.push({ kind: 'status', status: 503 });
      for (const couic of couics) couic.advance();
      await trouble(webhook, profiles[0]!, part, time);
      await Promise.all(couics.map(({ couic }) => couic.drained()));
      for (let turn = 0; turn < 20; turn++) await setImmediate();
      const text = await (await fetch(metrics)).text();
      const views = couics.map(({ name, couic }) => ({
        instance: name,
        traffic: couic.firewall.traffic,
        drift: part > 0.7 && part < 0.73 && name === 'frankfurt' ? 26 : 0,
      }));
      onScrape(`${text}${renderApiMetrics(views)}`, time);
      clock.advance(scrape * 1000);
    }
  } finally {
    await Promise.all(couics.map(({ couic }) => couic.stop()));
    await service.shutdown();
    await lapi.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The ledger looks once a second, by Node's own timer, whether rules are over; of the time that is moved on, that would be every half hour. */
async function withFastIntervals(work: () => Promise<void>): Promise<void> {
  const { setInterval } = globalThis;
  globalThis.setInterval = ((callback: () => void) => setInterval(callback, 10)) as typeof setInterval;
  try {
    await work();
  } finally {
    globalThis.setInterval = setInterval;
  }
}

/** A broad network blocked, invalid reports, a body that comes twice, and somebody with a wrong token, each at its time. */
async function trouble(webhook: string, paris: Profile, part: number, time: number): Promise<void> {
  const post = (token: string, body: string) => fetch(`${webhook}/${token}`, { method: 'POST', body });
  const add = (cidr: string, tag: string) =>
    `[{"action":"add","policy":"drop","entry":{"creation":${time},"cidr":"${cidr}","tag":"${tag}","expiration":0},"metadata":null}]`;
  const during = (from: number, length: number) => part >= from && part < from + length;
  if (during(0.6, 0.002)) await post(paris.token, add('198.18.0.0/15', 'botnet'));
  if (during(0.3, 0.02)) await post(paris.token, add('no network', 'script'));
  if (during(0.62, 0.03))
    for (const body of [add(`203.0.113.${time % 256}/32`, 'botnet'), add(`203.0.113.${time % 256}/32`, 'botnet')])
      await post(paris.token, body);
  if (during(0.15, 0.04)) await post('99999999-9999-4999-8999-999999999999', add('203.0.113.1/32', 'x'));
  if (during(0.75, 0.1))
    await post(paris.token, add(`203.0.114.${time % 256}/32`, `campaign-${Math.floor(time / 600)}`));
}

/** The service with its own factories, but for the exporter that sleeps between windows: it sleeps by the clock given. */
function startable(clock: SteppedClock, yaml: string, addresses: Map<string, string>): Service {
  const random = seededRandom(3);
  const own = factories.map((factory) =>
    factory.type === crowdsec.type
      ? {
          ...crowdsec,
          create: (...[context, options]: Parameters<typeof crowdsec.create>) =>
            new CrowdSecExporter(context, options, { sleep: clock.sleep, random }),
        }
      : factory,
  );
  const { config: checked } = loadConfig({
    configs: ['fast-motion.yaml'],
    sets: [],
    env: {},
    readFile: () => yaml,
    factories: own,
  });
  const logger = createLogger({
    level: 'info',
    encoding: 'json',
    destination: {
      write(line: string) {
        const [, reports] = /Listening for reports on ([^"\s]+)/.exec(line) ?? [];
        const [, metrics] = /Metrics are at ([^"\s]+)/.exec(line) ?? [];
        if (reports) addresses.set('reports', reports);
        if (metrics) addresses.set('metrics', metrics);
      },
    },
  });
  return new Service({ config: checked, logger, clock, version: '0.0.0' });
}

function config(profiles: readonly Profile[], lapi: string, directory: string): string {
  return JSON.stringify({
    receivers: {
      couic: {
        endpoint: '127.0.0.1:0',
        log_reports: false,
        instances: profiles.map(({ name, token }) => ({ name, token })),
      },
    },
    exporters: {
      prometheus: { endpoint: '127.0.0.1:0' },
      crowdsec: { endpoint: lapi, api_key: 'test-key', interval: '30m' },
    },
    extensions: { file_storage: { directory } },
    service: {
      extensions: ['file_storage'],
      pipelines: { metrics: { receivers: ['couic'], exporters: ['prometheus', 'crowdsec'] } },
      attribute_limits: { tags: 11 },
    },
  });
}
