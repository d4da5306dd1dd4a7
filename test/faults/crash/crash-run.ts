import { setTimeout as sleep } from 'node:timers/promises';
import { BulkServer } from '../../support/bulk-api/server.ts';
import { SimulatedFirewall } from '../../support/couic-sim/firewall.ts';
import { below, pick, seededRandom } from '../../support/couic-sim/random.ts';
import { COUIC_TIMINGS, CouicSender } from '../../support/couic-sim/sender.ts';
import { Workload } from '../../support/couic-sim/workload.ts';
import type { Fault } from '../../support/lapi/faults.ts';
import { LapiServer } from '../../support/lapi/server.ts';
import { toggleOne } from '../sender/churn.ts';
import { KilledBridge } from './bridge-child.ts';
import { type KillPoint, planKill } from './kill-plan.ts';
import { activeRules, Model } from './model.ts';

/**
 * Couic's times, but that it looks often and its pauses do not grow. A shorter patience would be a bound on the machine: with much
 * else to do, a cold bridge would never answer a backlog in time.
 */
const TIMINGS = { ...COUIC_TIMINGS, look: 10, maxBackoff: COUIC_TIMINGS.backoff };
const INSTANCES = ['edge-1', 'edge-2'];
const LIFETIME_S = 3;

export interface CrashResult {
  kills: number;
  /** Kills that hit their named point; the others came by the time limit. */
  byPoint: Partial<Record<KillPoint, number>>;
  reports: number;
  attempts: number;
  failedAttempts: number;
  windows: number;
  siem: BulkServer['counts'];
  expected: Outcome;
  actual: Outcome;
}

interface Outcome {
  /** Distinct events that the bulk API was given, by `instance name`; and those in the file. */
  events: Record<string, number>;
  file: Record<string, number>;
  reports: Record<string, Record<string, number>>;
  active: Record<string, Record<string, number>>;
  processed: number;
  dropped: Record<string, number>;
}

const LAPI_FAULTS: readonly Fault[] = [
  { kind: 'lost' },
  { kind: 'reset' },
  { kind: 'status', status: 503 },
  { kind: 'html', status: 502 },
  { kind: 'delay', ms: 100 },
];

/** Kills a bridge so many times while two Couic report to it and LAPI misbehaves, and counts on both sides. @param signal - aborted when nobody waits for it any more: then no bridge is left. */
export async function crashRun(
  seed: number,
  kills: number,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<CrashResult> {
  const random = seededRandom(seed);
  const lapi = await new LapiServer().start();
  const siem = await new BulkServer(seededRandom(seed + 1)).start();
  const bridge = new KilledBridge(INSTANCES);
  await bridge.prepare(lapi.url, '1s', siem.url);
  const couics = INSTANCES.map((name) => {
    const model = new Model();
    const sender = new CouicSender({ webhook: bridge.webhookOf(name), timings: TIMINGS });
    const firewall = new SimulatedFirewall({
      now: () => Math.floor(Date.now() / 1000),
      report: (report) => {
        if (!sender.offer(report)) throw new Error('the channel of the simulated Couic is full: the run is too fast');
        model.count(report);
      },
      // A remove that is overtaken by the same rule's next add, within a second, only a comparison with the API can heal.
      overtaken: ({ action }) => action === 'add' && random() < 0.05,
    });
    const common = { random, tags: [null, 'ssh', 'scan', 'web'], longShare: 0.005 };
    const workload = new Workload(firewall, { ...common, lifetime: LIFETIME_S });
    const lasting = new Workload(firewall, { ...common, lifetime: 0 });
    return { name, model, sender, firewall, workload, lasting };
  });
  let running = true;
  const traffic = (async () => {
    while (running) {
      await sleep(5 + below(random, 30));
      for (const { firewall, workload, lasting } of couics) {
        firewall.expire();
        // Mostly one report at a time, now and then a burst.
        const steps = random() < 0.02 ? 100 : 1 + below(random, 3);
        for (let i = 0; i < steps; i++) pick(random, [workload, lasting]).step();
        toggleOne(firewall, random);
      }
    }
  })();
  for (const { sender } of couics) sender.start();

  try {
    const byPoint: CrashResult['byPoint'] = {};
    for (let kill = 0; kill < kills; kill++) {
      signal.throwIfAborted();
      const plan = planKill(random, kill);
      if (random() < 0.3) lapi.faults.push(pick(random, LAPI_FAULTS));
      bridge.start(plan);
      // The sink is killed as well, or away for the whole life of a bridge.
      if (random() < 0.1) await siem.stop();
      if (await bridge.killedWithin(6000)) byPoint[plan.point] = (byPoint[plan.point] ?? 0) + 1;
      await siem.stop();
      await siem.start();
      if (kill % 20 === 19)
        log(`${kill + 1} kills, ${couics.reduce((sum, { model }) => sum + model.total, 0)} reports`);
    }
    signal.throwIfAborted();
    bridge.start(null);
    running = false;
    await traffic;
    for (const { firewall, sender } of couics) {
      firewall.flush();
      await sender.drained();
    }
    // Rules of a limited time are over on both sides before they are compared.
    await sleep((LIFETIME_S + 2.5) * 1000);
    const reports: Outcome['reports'] = {};
    const active: Outcome['active'] = {};
    for (const { name } of couics) {
      reports[name] = await byInstance(bridge, name, 'couic_reports_total', [
        'couic_report_action',
        'couic_rule_policy',
        'couic_rule_tag',
        'network_type',
      ]);
      active[name] = await byInstance(bridge, name, 'couic_rule_active', [
        'couic_rule_policy',
        'couic_rule_tag',
        'network_type',
      ]);
    }
    const expired = await bridge.scrape('couic_rule_expirations_total', ['couic_instance_name']);
    siem.faulty = 0;
    await bridge.caughtUp();
    await bridge.stop();

    const counts = lapi.counts();
    const dropped: Record<string, number> = {};
    for (const [origin, names] of Object.entries(counts)) {
      const value = names.dropped?.report;
      if (value !== undefined) dropped[origin.replace(/^couic:?/, '')] = value;
    }
    return {
      kills,
      byPoint,
      reports: couics.reduce((sum, { model }) => sum + model.total, 0),
      attempts: couics.reduce((sum, { sender }) => sum + sender.counts.attempts, 0),
      failedAttempts: couics.reduce((sum, { sender }) => sum + sender.counts.failures, 0),
      windows: lapi.pushes.length,
      siem: siem.counts,
      expected: {
        events: expectedEvents(couics, expired ?? {}),
        file: expectedEvents(couics, expired ?? {}),
        reports: Object.fromEntries(couics.map(({ name, model }) => [name, model.reports])),
        active: Object.fromEntries(couics.map(({ name, firewall }) => [name, activeRules(firewall)])),
        processed: couics.reduce((sum, { model }) => sum + model.total, 0),
        dropped: sum(couics.map(({ model }) => model.dropped)),
      },
      actual: {
        events: siem.byAction(),
        file: bridge.eventsInFile(),
        reports,
        active,
        processed: counts['']?.processed?.report ?? 0,
        dropped,
      },
    };
  } finally {
    running = false;
    await Promise.all(couics.map(({ sender }) => sender.stop()));
    await lapi.stop();
    await siem.stop();
    bridge.remove();
  }
}

function expectedEvents(
  couics: readonly { readonly name: string; readonly model: Model }[],
  expired: Readonly<Record<string, number>>,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name, model } of couics) {
    const of = (action: string) =>
      Object.entries(model.reports).reduce((sum, [key, count]) => sum + (key.startsWith(action) ? count : 0), 0);
    counts[`${name} couic.rule.added`] = of('add ');
    counts[`${name} couic.rule.removed`] = of('remove ');
    counts[`${name} couic.rule.expired`] = expired[name] ?? 0;
  }
  return counts;
}

async function byInstance(
  bridge: KilledBridge,
  instance: string,
  metric: string,
  labels: string[],
): Promise<Record<string, number>> {
  const all = await bridge.scrape(metric, ['couic_instance_name', ...labels]);
  if (all === null) throw new Error('/metrics cannot be read');
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${instance} `));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(instance.length + 1), value]));
}

function sum(all: readonly Record<string, number>[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const [key, value] of all.flatMap((counts) => Object.entries(counts))) result[key] = (result[key] ?? 0) + value;
  return result;
}
