import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../support/couic-sim/random.ts';
import { LapiServer } from '../../support/lapi/server.ts';
import { MetricsSink } from '../../support/metrics-sink.ts';
import { apiReceiver, FleetCouic } from './fleet-couic.ts';
import { fleet, type Profile } from './profile.ts';
import { SteppedClock } from './stepped-clock.ts';
import { startSteppedService } from './stepped-service.ts';

export interface FastMotionOptions {
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
  /** Seconds from one scrape to the next; less than a minute, or the bridge takes the step for a wrong clock. */
  readonly scrape: number;
  /** Given each scrape's text and its time. */
  readonly onScrape?: (exposition: string, time: number) => void;
  /** Given a status page as it is at the end, and its token, before all ends. */
  readonly onPage?: (url: string, token: string) => Promise<void>;
}

const PAGE_TOKEN = 'a-token-of-the-fleet-0123456789';
/** Milliseconds, and a little more. */
const EVENTS_WAIT = 120;

/** Couic's timings for a clock that stands still while it sends. */
const AT_ONCE = { look: 1, timeout: 5000, backoff: 1, maxBackoff: 1 };

/**
 * Hours in seconds: the real service, with its real receiver, ledger and exporters, in a time that is moved on by hand, fed
 * by the fleet, with its share of trouble.
 */
export async function fastMotion({ start, end, scrape, onScrape, onPage }: FastMotionOptions): Promise<void> {
  const clock = new SteppedClock(start * 1000);
  const profiles = fleet({ start, end, hurry: 1 });
  const directory = await mkdtemp(join(tmpdir(), 'couic-fast-motion-'));
  const lapi = await new LapiServer({ now: () => clock.now() }).start();
  const otlp = new MetricsSink();
  const { service, webhook, metricsUrl, pageUrl } = await startSteppedService(
    clock,
    config(profiles, { lapi: lapi.url, otlp: await otlp.open(), directory }),
  );
  const random = seededRandom(7);
  // Reports wait a little at Couic before they are sent.
  const now = () => Math.floor(clock.now() / 1000) - Math.floor(random() * 3);
  const couics = profiles.map(
    (profile, seed) => new FleetCouic({ profile, seed, webhook, sockets: directory, timings: AT_ONCE, now }),
  );
  try {
    for (const couic of couics) await couic.start();
    for (let time = start; time <= end; time += scrape) {
      const part = (time - start) / (end - start);
      const during: During = (from, length) => part >= from && part < from + length;
      lapi.faults.length = 0;
      otlp.answers.length = 0;
      if (during(0.35, 0.2)) lapi.faults.push(...Array(20).fill({ kind: 'status', status: 503 }));
      if (during(0.45, 0.04)) otlp.answers.push(...Array(20).fill({ status: 503 }));
      for (const couic of couics) couic.advance();
      await trouble(webhook, profiles[0]!, during, time);
      await Promise.all(couics.map(({ couic }) => couic.drained()));
      // A peer brings rules, of which no report tells.
      if (during(0.7, 0.002)) for (const cidr of networks(26)) couics[1]!.couic.firewall.addFromPeer(cidr);
      // What woke up at this step has its time before the scrape; and events wait for others, a tenth of a second that is real.
      await delay(onScrape ? EVENTS_WAIT : 5);
      const exposition = await (await fetch(metricsUrl)).text();
      onScrape?.(exposition, time);
      clock.advance(scrape * 1000);
    }
    await onPage?.(pageUrl, PAGE_TOKEN);
  } finally {
    await Promise.all(couics.map((couic) => couic.stop()));
    await service.shutdown();
    await Promise.all([lapi.stop(), otlp.close()]);
    await rm(directory, { recursive: true, force: true });
  }
}

/** Whether it is that part of the whole, from 0 to 1. */
type During = (from: number, length: number) => boolean;

/** Invalid reports, a body that comes twice, a wrong token, a broad network, and tags without end, each at its time. */
async function trouble(webhook: string, { token }: Profile, during: During, time: number): Promise<void> {
  const post = (to: string, body: string) => fetch(`${webhook}/${to}`, { method: 'POST', body });
  const add = (cidr: string, tag: string) =>
    `[{"action":"add","policy":"drop","entry":{"creation":${time},"cidr":"${cidr}","tag":"${tag}","expiration":0},"metadata":null}]`;
  const address = `203.0.113.${Math.floor(time / 30) % 256}/32`;
  if (during(0.15, 0.04)) await post('99999999-9999-4999-8999-999999999999', add(address, 'stray'));
  if (during(0.3, 0.02)) await post(token, add('no network', 'script'));
  if (during(0.6, 0.002)) await post(token, add('198.18.0.0/15', 'botnet'));
  if (during(0.62, 0.03)) for (let twice = 0; twice < 2; twice++) await post(token, add(address, 'botnet'));
  if (during(0.75, 0.1)) await post(token, add(address, `campaign-${Math.floor(time / 600)}`));
}

function networks(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `192.0.2.${index}/32`);
}

function config(profiles: readonly Profile[], at: { lapi: string; otlp: string; directory: string }): unknown {
  const receivers: Record<string, unknown> = {
    couic: {
      endpoint: '127.0.0.1:0',
      log_reports: false,
      instances: profiles.map(({ name, token }) => ({ name, token })),
    },
  };
  for (const { name } of profiles) {
    const often = { collection_interval: '30s', reconcile: { interval: '5m' } };
    receivers[`couic_api/${name}`] = { ...apiReceiver(at.directory, name), ...often };
  }
  return {
    receivers,
    exporters: {
      prometheus: { endpoint: '127.0.0.1:0' },
      crowdsec: { endpoint: at.lapi, api_key: 'test-key', interval: '30m' },
      // A request takes real time, in which hours pass here.
      file: { path: join(at.directory, 'events.json') },
      // Gives up in an outage, so that the picture has it.
      otlp_http: { endpoint: at.otlp, interval: '1m', retry_on_failure: { max_elapsed_time: '5m' } },
    },
    extensions: {
      file_storage: { directory: join(at.directory, 'data') },
      status_page: { endpoint: '127.0.0.1:0', token: PAGE_TOKEN },
    },
    service: {
      extensions: ['file_storage', 'status_page'],
      pipelines: {
        metrics: { receivers: Object.keys(receivers), exporters: ['prometheus', 'crowdsec', 'otlp_http'] },
        logs: { receivers: Object.keys(receivers), exporters: ['file'] },
      },
      attribute_limits: { tags: 5 },
    },
  };
}
