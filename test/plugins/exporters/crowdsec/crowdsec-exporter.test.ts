import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Outbox } from '../../../../plugins/exporters/crowdsec/outbox.ts';
import { until } from '../../../support/fake-time.ts';
import { pieces } from '../../../support/ledger.ts';
import { eachHost, type Host } from './harness.ts';

const MINUTE = 60_000;
const HALF_HOUR = 30 * MINUTE;
const DAY = 86_400_000;

const batch = readFileSync(new URL('../../../testdata/couic-batch.json', import.meta.url), 'utf8');

let host: Host;
eachHost((made) => {
  host = made;
});

/** Lets the interval pass and waits until so many windows were taken in all. */
async function window(pushes: number, after = HALF_HOUR): Promise<void> {
  host.time.advance(after);
  await until(() => host.lapi.pushes.length >= pushes && host.crowdsec.exporter.outbox.size === 0, `window ${pushes}`);
}

/** Lets the interval pass in which nothing is sealed. */
async function noWindow(): Promise<void> {
  const before = host.lines.length;
  host.time.advance(HALF_HOUR);
  await until(() => host.lines.slice(before).some(({ message }) => message === 'No metrics to send'), 'no window');
}

describe('a window', () => {
  it("tells the sample batch: dropped for its tag, processed for every report, the drop rule's decision", async () => {
    await host.start();
    await host.ledger.ingest('couic', pieces(batch));
    await window(1);
    const body = JSON.parse(host.lapi.bodies[0]!);
    const now = host.time.now() / 1000;
    expect(body).toEqual({
      remediation_components: [
        {
          name: 'couic-otel-bridge',
          type: 'couic-otel-bridge',
          version: '1.2.3',
          feature_flags: [],
          utc_startup_timestamp: now - 1800,
          os: { name: 'linux', version: expect.any(String) },
          metrics: [
            {
              meta: { window_size_seconds: 1800, utc_now_timestamp: now },
              items: [
                {
                  name: 'dropped',
                  value: 1,
                  unit: 'report',
                  labels: { origin: 'couic:malicious', remediation: 'ban' },
                },
                { name: 'processed', value: 3, unit: 'report' },
                {
                  name: 'active_decisions',
                  value: 1,
                  unit: 'ip',
                  labels: { origin: 'couic:malicious', ip_type: 'ipv4' },
                },
              ],
            },
          ],
        },
      ],
    });
    const [request] = host.lapi.requests;
    expect(request!.headers).toMatchObject({
      'x-api-key': 'test-key',
      'content-type': 'application/json',
      'user-agent': 'couic-otel-bridge/1.2.3',
    });
  });

  it('tells what was counted since the last one, and nothing when nothing was', async () => {
    await host.start();
    await host.report({ tag: 'a', cidr: '10.0.0.1/32' }, { tag: 'a', cidr: '10.0.0.2/32' });
    await window(1);
    await host.report({ tag: 'a', cidr: '10.0.0.3/32' }, { action: 'remove', tag: 'a', cidr: '10.0.0.1/32' });
    await window(2);
    await noWindow();
    expect(host.lapi.pushes[1]!.windows[0]!.items).toEqual([
      { name: 'dropped', value: 1, unit: 'report', labels: { origin: 'couic:a', remediation: 'ban' } },
      { name: 'processed', value: 2, unit: 'report' },
      { name: 'active_decisions', value: 2, unit: 'ip', labels: { origin: 'couic:a', ip_type: 'ipv4' } },
    ]);
    expect(host.lapi.counts()).toEqual({
      'couic:a': { dropped: { report: 3 }, active_decisions: { ip: 2 } },
      '': { processed: { report: 4 } },
    });
  });

  it('says 0 once for a gauge that ended', async () => {
    await host.start();
    await host.report({ tag: 'a', cidr: '10.0.0.1/32' }, { tag: 'b', cidr: '2001:db8::/32' });
    await window(1);
    await host.report({ action: 'remove', tag: 'b', cidr: '2001:db8::/32' });
    await window(2);
    const gauges = (n: number) =>
      host.lapi.pushes[n]!.windows[0]!.items.filter(({ name }) => name === 'active_decisions').map(
        ({ value, labels }) => [labels!.origin, labels!.ip_type, value],
      );
    expect(gauges(1)).toEqual([
      ['couic:a', 'ipv4', 1],
      ['couic:b', 'ipv6', 0],
    ]);
    await host.report({ policy: 'ignore', cidr: '10.0.0.9/32' });
    await window(3);
    expect(gauges(2)).toEqual([['couic:a', 'ipv4', 1]]);
    expect(host.lapi.counts()['couic:b']).toEqual({ dropped: { report: 1 }, active_decisions: { ip: 0 } });
  });

  it('comes once a day when gauges stand still, and not at all without any', async () => {
    await host.start();
    for (let i = 0; i < 48; i++) await noWindow();
    await host.report({ tag: 'a' });
    await window(1);
    for (let i = 0; i < 47; i++) await noWindow();
    await window(2);
    expect(host.lapi.pushes[1]!.windows[0]!.meta.window_size_seconds).toBe(86_400);
    expect(host.lapi.pushes[1]!.windows[0]!.items.map(({ name }) => name)).toEqual(['active_decisions']);
  });

  it('is sealed and sent at shutdown, and nothing is sent twice after a restart', async () => {
    await host.start();
    await host.report({ tag: 'a' });
    host.time.advance(MINUTE);
    await host.stop();
    expect(host.lapi.counts()['']).toEqual({ processed: { report: 1 } });
    await host.start();
    await noWindow();
    expect(host.lapi.pushes).toHaveLength(1);
  });

  it('is sealed as well when only its reader is shut down', async () => {
    await host.start();
    await host.report({ tag: 'a' });
    host.time.advance(MINUTE);
    await host.crowdsec.reader.shutdown();
    expect(host.crowdsec.exporter.outbox.state.lastNumber).toBe(1);
  });

  it('waits at shutdown for a second of its own', async () => {
    await host.start();
    await host.report({ tag: 'a' });
    await window(1);
    await host.report({ tag: 'a', cidr: '10.0.0.1/32' });
    const stopped = host.stop();
    await until(() => host.time.waits.length === 1);
    expect(host.time.waits).toEqual([1000]);
    host.time.advance(1000);
    await stopped;
    const seconds = host.lapi.pushes.map(({ windows }) => windows[0]!.meta.utc_now_timestamp);
    expect(seconds[1]! - seconds[0]!).toBe(1);
  });

  it('keeps its interval over restarts', async () => {
    await host.start();
    await host.report({ tag: 'a' });
    await window(1);
    for (let i = 0; i < 3; i++) {
      host.time.advance(9 * MINUTE);
      await host.kill();
      await host.start();
    }
    await host.report({ tag: 'a', cidr: '10.0.0.1/32' });
    await window(2, 3 * MINUTE);
  });
});

describe('where counting starts', () => {
  it('counts reports that came before the first window of a new store, over a power cut', async () => {
    await host.start();
    await host.report({ tag: 'a' });
    await host.kill();
    await host.start();
    await window(1);
    expect(host.lapi.counts()['']).toEqual({ processed: { report: 1 } });
  });

  it('starts at the present totals on an old store', async () => {
    await host.start({ instances: ['other'] });
    await host.report({ tag: 'a' });
    await host.stop();
    const left = host.log.filter(({ topic }) => !topic.startsWith('exporter/'));
    host.log.splice(0, host.log.length, ...left.map((entry, index) => ({ ...entry, position: index + 1 })));
    await host.start();
    await host.report({ tag: 'a', cidr: '10.0.0.1/32' });
    await window(1);
    expect(host.lapi.counts()).toEqual({
      'couic:a': { dropped: { report: 1 }, active_decisions: { ip: 2 } },
      '': { processed: { report: 1 } },
    });
  });

  it('takes an instance in at its present totals, and a new one at zero', async () => {
    host.instances = ['couic', 'edge'];
    await host.start({ instances: ['edge'] });
    await host.report({ tag: 'a' });
    await host.kill();
    host.instances = ['couic', 'edge', 'new'];
    await host.start();
    await host.report({ tag: 'a', cidr: '10.0.0.1/32' });
    await host.ledger.ingest('new', pieces(batch));
    await host.kill();
    await host.start();
    await window(1);
    expect(host.lapi.counts()['']).toEqual({ processed: { report: 4 } });
  });

  it('does not send history when the mapping changes; gauges move, with a 0 for the old name', async () => {
    await host.start();
    await host.report({ tag: 'a' });
    await window(1);
    await host.stop();
    await host.start({ origins: [{ tag: 'a', origin: 'fail2ban', remediation: 'captcha' }], unit: 'change' });
    await host.report({ tag: 'a', cidr: '10.0.0.1/32' });
    await window(2);
    expect(host.lapi.counts()).toEqual({
      'couic:a': { dropped: { report: 1 }, active_decisions: { ip: 0 } },
      fail2ban: { dropped: { change: 1 }, active_decisions: { ip: 2 } },
      '': { processed: { report: 1, change: 1 } },
    });
  });

  it('does not send what went untold while its items were off', async () => {
    await host.start({ items: ['active_decisions'] });
    await host.report({ policy: 'ignore' }, { policy: 'ignore', cidr: '10.0.0.1/32' });
    await noWindow();
    await host.stop();
    await host.start();
    await host.report({ policy: 'ignore', cidr: '10.0.0.2/32' });
    await window(1);
    expect(host.lapi.counts()).toEqual({ '': { processed: { report: 1 } } });
  });
});

describe('dry run', () => {
  it('logs the window, sends nothing, and what it told is never sent', async () => {
    await host.start({ dry_run: true, api_key: '' });
    await host.report({ tag: 'a' });
    host.time.advance(HALF_HOUR);
    await until(() => host.lines.some(({ message }) => message.startsWith('Dry run: this window would be sent: {')));
    const line = host.lines.find(({ message }) => message.includes('would be sent'))!;
    const body = JSON.parse(line.message.slice(line.message.indexOf('{')));
    expect(body.remediation_components[0].metrics[0].items).toHaveLength(3);
    await host.report({ tag: 'b', cidr: '10.0.0.1/32' });
    await host.kill();
    expect(host.lapi.requests).toHaveLength(0);
    await host.start();
    await host.report({ tag: 'a', cidr: '10.0.0.2/32' });
    await window(1);
    expect(host.lapi.counts()).toEqual({
      'couic:a': { dropped: { report: 1 }, active_decisions: { ip: 2 } },
      'couic:b': { active_decisions: { ip: 1 } },
      '': { processed: { report: 1 } },
    });
  });

  it('tells LAPI of gauges that ended meanwhile, and of windows that waited', async () => {
    await host.start();
    await host.report({ tag: 'a' });
    await window(1);
    await host.report({ tag: 'b', cidr: '10.0.0.1/32' });
    host.lapi.faults.push({ kind: 'status', status: 503 });
    host.time.advance(HALF_HOUR);
    await until(() => host.crowdsec.exporter.outbox.size === 1);
    await until(() => host.time.waits.length === 2);
    await host.kill();
    await host.start({ dry_run: true });
    expect(host.lines.at(-1)!.message).toContain('1 window of an earlier run waits');
    await host.report({ action: 'remove', tag: 'a' });
    host.time.advance(HALF_HOUR);
    await until(() => host.lines.some(({ message }) => message.includes('would be sent')));
    await host.stop();
    expect(host.lapi.pushes).toHaveLength(1);
    await host.start();
    await window(3);
    expect(host.lapi.counts()).toEqual({
      'couic:a': { dropped: { report: 1 }, active_decisions: { ip: 0 } },
      'couic:b': { dropped: { report: 1 }, active_decisions: { ip: 1 } },
      '': { processed: { report: 2 } },
    });
  });
});

describe('a dry run leaves nothing behind:', () => {
  const shown = (count = 1) =>
    until(() => host.lines.filter(({ message }) => message.includes('would be sent')).length === count);
  /** A dry run, half an hour long, which never came to say that what tag `dry` blocked is over. */
  async function dryRun(config: object = {}): Promise<void> {
    await host.start({ dry_run: true, ...config });
    await host.report({ tag: 'dry', cidr: '10.9.0.0/16' });
    host.time.advance(HALF_HOUR);
    await shown();
    await host.report({ action: 'remove', tag: 'dry', cidr: '10.9.0.0/16' });
    await host.kill();
  }

  it('no zeros for origins that only it had', async () => {
    await dryRun();
    await host.start();
    await host.report({ tag: 'a' });
    await window(1);
    expect(host.lapi.counts()).toEqual({
      'couic:a': { dropped: { report: 1 }, active_decisions: { ip: 1 } },
      '': { processed: { report: 1 } },
    });
  });

  it('no place taken among max_origins', async () => {
    await dryRun({ max_origins: 1 });
    await host.start({ max_origins: 1 });
    await host.report({ tag: 'a' });
    await window(1);
    expect(Object.keys(host.lapi.counts()).sort()).toEqual(['', 'couic:a']);
  });

  it('no second that the clock, ahead at the time, had not come to: sealing does not wait for it', async () => {
    host.time.step(DAY / 2);
    await dryRun();
    host.time.step(-DAY / 2);
    await host.start();
    await host.report({ tag: 'a' });
    await window(1);
    expect(host.lapi.counts()['couic:a']).toEqual({ dropped: { report: 1 }, active_decisions: { ip: 1 } });
  });

  it('no baseline of an instance that is told of only later', async () => {
    host.instances = ['couic', 'edge'];
    await dryRun();
    await host.start({ instances: ['couic'] });
    await host.ledger.ingest('edge', pieces(batch));
    await host.kill();
    await host.start();
    await host.report({ tag: 'a' });
    await window(1);
    expect(host.lapi.counts()['']).toEqual({ processed: { report: 1 } });
  });

  it('and what LAPI knew from before it is told anew, with a 0 for what ended', async () => {
    await host.start();
    await host.report({ tag: 'a' }, { tag: 'b', cidr: '10.0.0.1/32' });
    await window(1);
    await host.stop();
    await host.start({ dry_run: true });
    await host.report({ action: 'remove', tag: 'a' }, { tag: 'dry', cidr: '10.9.0.0/16' });
    host.time.advance(HALF_HOUR);
    await shown();
    await host.report({ action: 'remove', tag: 'dry', cidr: '10.9.0.0/16' });
    host.time.advance(HALF_HOUR);
    await shown(2);
    const items = (message: string) =>
      JSON.parse(message.slice(message.indexOf('{'))).remediation_components[0].metrics[0].items;
    const line = host.lines.findLast(({ message }) => message.includes('would be sent'))!.message;
    expect(items(line)).toContainEqual({
      name: 'active_decisions',
      value: 0,
      unit: 'ip',
      labels: { origin: 'couic:dry', ip_type: 'ipv4' },
    });
    await host.stop();
    await host.start();
    await window(2);
    const active = Object.entries(host.lapi.counts()).map(([origin, { active_decisions }]) => [
      origin,
      active_decisions?.ip,
    ]);
    expect(Object.fromEntries(active)).toEqual({ 'couic:a': 0, 'couic:b': 1, '': undefined });
  });

  it('whatever a snapshot was taken of in between', async () => {
    await host.start();
    await host.report({ tag: 'a' });
    await window(1);
    await host.stop();
    await host.start({ dry_run: true });
    await host.report({ tag: 'dry', cidr: '10.9.0.0/16' });
    host.time.advance(HALF_HOUR);
    await shown();
    const { outbox } = host.crowdsec.exporter;
    const restored = new Outbox();
    restored.restore(outbox.snapshot());
    expect(restored.state.entries()).toEqual(outbox.state.entries());
    expect(restored.state.said).toEqual(outbox.state.said);
  });
});

describe('several exporters', () => {
  it('gives each its instances', async () => {
    host.instances = ['edge'];
    await host.start({ instances: ['edge'] });
    await host.report({ tag: 'a' });
    await host.ledger.ingest('edge', pieces(batch));
    await window(1);
    expect(host.lapi.counts()['']).toEqual({ processed: { report: 3 } });
  });
});

it('never seals two windows of one second, nor one before the last, when the clock is set back', async () => {
  await host.start();
  await host.report({ tag: 'a' });
  await window(1);
  host.time.step(-HALF_HOUR - 10_000);
  await host.report({ tag: 'a', cidr: '10.0.0.1/32' });
  host.time.advance(HALF_HOUR);
  await until(() => host.time.waits.includes(11_000));
  expect(host.lapi.pushes).toHaveLength(1);
  await window(2, 11_000);
  const [first, second] = host.lapi.pushes.map(({ windows }) => windows[0]!.meta);
  expect(second!.utc_now_timestamp).toBe(first!.utc_now_timestamp + 1);
  expect(second!.window_size_seconds).toBe(1);
});

it('goes on from the last second when the clock had been years ahead', async () => {
  host.time.step(3 * 365 * DAY);
  await host.start();
  await host.report({ tag: 'a' });
  await window(1);
  host.time.step(-3 * 365 * DAY);
  await host.report({ tag: 'a', cidr: '10.0.0.1/32' });
  await window(2);
  const [first, second] = host.lapi.pushes.map(({ windows }) => windows[0]!.meta.utc_now_timestamp);
  expect(second).toBe(first! + 1);
});

it('tells gauges each day, and seals though it is restarted often, when the clock had been years ahead', async () => {
  host.time.step(3 * 365 * DAY);
  await host.start();
  await host.report({ tag: 'a' });
  await window(1);
  host.time.step(-3 * 365 * DAY);
  // Said anew, since nobody knows how long ago it was.
  await window(2);
  await noWindow();
  await window(3, DAY);
  await host.report({ tag: 'a', cidr: '10.0.0.1/32' });
  await host.stop();
  expect(host.lapi.pushes).toHaveLength(4);
  host.time.advance(HALF_HOUR - MINUTE);
  await host.start();
  await until(() => host.time.waits.includes(MINUTE));
});

it('shows operators how many of its origins are taken', async () => {
  await host.start({ max_origins: 5 });
  const list = () => host.crowdsec.operations['limits.list']!(null);
  expect(await list()).toEqual([]);
  await host.report({ tag: 'a' }, { tag: 'b', cidr: '10.0.0.1/32' });
  await window(1);
  expect(await list()).toEqual([{ of: 'couic', what: 'origins', used: 2, limit: 5, option: 'max_origins' }]);
});

it.each([
  [
    { endpoint: 'http://lapi.invalid:8080' },
    ['The key goes to lapi.invalid unencrypted: use https, or a network that nobody listens on'],
  ],
  [{ endpoint: 'https://lapi.invalid' }, []],
  [{ endpoint: 'http://lapi.invalid', dry_run: true }, []],
  [{}, []],
])('%j: warns of a key that everybody on the way can read', async (config, warnings) => {
  await host.start(config);
  expect(host.warnings).toEqual(warnings);
});
