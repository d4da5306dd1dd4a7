import { describe, expect, it } from 'vitest';
import { until } from '../../../support/fake-time.ts';
import type { Fault } from '../../../support/lapi/faults.ts';
import { eachHost, type Host } from './harness.ts';

const HALF_HOUR = 1_800_000;
const REFUSAL = { kind: 'status', status: 422, body: '{"message":"validation failure list:\\nnonsense"}' } as const;

let host: Host;
eachHost((made) => {
  host = made;
});

const outbox = () => host.crowdsec.exporter.outbox;

/** Seals a window with one more report. */
async function seal(n: number): Promise<void> {
  const { lastNumber } = outbox().state;
  await host.report({ policy: 'ignore', cidr: `10.0.0.${n}/32` });
  host.time.advance(HALF_HOUR);
  await until(() => outbox().state.lastNumber === lastNumber + 1, `window ${n}`);
}

/** Waits for the end of attempts, then lets the backoff pass. */
async function retry(): Promise<void> {
  await until(() => host.time.waits.length === 2, 'a backoff');
  host.time.advance(host.time.waits[0]!);
}

const processed = () => host.lapi.counts()['']?.processed?.report;

describe('a window that was not taken', () => {
  const faults: [name: string, fault: Fault, advice: RegExp][] = [
    [
      'a redirect',
      { kind: 'redirect', location: 'https://lapi.example/v1/usage-metrics?x=1' },
      /set endpoint to where LAPI is, perhaps https:\/\/lapi\.example$/,
    ],
    ['401', { kind: 'status', status: 401 }, /look at the proxy/],
    [
      '403',
      { kind: 'status', status: 403, body: '{"message":"access forbidden"}' },
      /403 \(access forbidden\).*cscli bouncers add/,
    ],
    [
      '404',
      { kind: 'status', status: 404, body: '{"message":"Page or Method not found"}' },
      /CrowdSec 1\.6\.3 or newer/,
    ],
    ['413', { kind: 'html', status: 413 }, /limits the size of bodies/],
    ['429', { kind: 'status', status: 429 }, /limits requests/],
    ['500', { kind: 'status', status: 500, body: '{"message":"disk"}' }, /500 \(disk\)/],
    ['502 with a page', { kind: 'html', status: 502 }, /LAPI's log/],
    ['a page with 400', { kind: 'html', status: 400 }, /not LAPI's own answer \(text\/html\)/],
    [
      'JSON with 422 that has no message',
      { kind: 'status', status: 422, body: '{"error":"x"}' },
      /not LAPI's own answer/,
    ],
    ['200', { kind: 'status', status: 200, body: '{}' }, /expected 201/],
    ['a connection that breaks', { kind: 'reset' }, /is not reached/],
    ['an answer that is lost', { kind: 'lost' }, /is not reached/],
    ['no answer', { kind: 'silent' }, /did not answer within 500 ms/],
  ];

  it.each(faults)('waits and is sent again with the same bytes: %s', async (_, fault, advice) => {
    await host.start({ timeout: fault.kind === 'silent' ? '500ms' : '10s' });
    host.lapi.faults.push(fault);
    await seal(1);
    await retry();
    await until(() => outbox().size === 0, 'the window to be taken');
    const [first, second] = host.lapi.bodies;
    expect(second).toBe(first);
    expect(processed()).toBe(1);
    expect(host.warnings).toEqual([expect.stringMatching(advice)]);
    expect(host.health.reasons).toEqual([]);
  });

  it('waits for ever, longer and longer, with one warning an hour', async () => {
    await host.start();
    for (let i = 0; i < 40; i++) host.lapi.faults.push({ kind: 'status', status: 503 });
    await seal(1);
    const waits: number[] = [];
    for (let i = 0; i < 40; i++) {
      await until(() => host.time.waits.length === 2, 'a backoff');
      waits.push(host.time.waits[0]!);
      if (i === 10) host.time.advance(3_600_000);
      else host.time.advance(waits.at(-1)!);
    }
    await until(() => outbox().size === 0, 'the window to be taken');
    expect(waits.slice(0, 7)).toEqual([5000, 7500, 11_250, 16_875, 25_312.5, 30_000, 30_000]);
    expect(host.warnings).toHaveLength(2);
    expect(host.lines.map(({ message }) => message)).toContain('Windows are sent again; 0 wait');
  });

  it('waits as long as Retry-After asks', async () => {
    await host.start();
    host.lapi.faults.push({ kind: 'status', status: 503, headers: { 'Retry-After': '120' } });
    await seal(1);
    await until(() => host.time.waits.length === 2);
    expect(host.time.waits[0]).toBe(120_000);
  });

  it('goes on over a restart, oldest first, one window a request', async () => {
    await host.start();
    for (let i = 0; i < 3; i++) host.lapi.faults.push({ kind: 'status', status: 503 });
    await seal(1);
    await seal(2);
    await seal(3);
    await host.kill();
    host.lapi.faults.length = 0;
    await host.start();
    await until(() => outbox().size === 0, 'the windows to be taken');
    const seconds = host.lapi.pushes.map(({ windows }) => windows.map(({ meta }) => meta.utc_now_timestamp));
    expect(seconds).toEqual([[expect.any(Number)], [seconds[0]![0]! + 1800], [seconds[0]![0]! + 3600]]);
    expect(processed()).toBe(3);
  });

  it('is sent again when its 201 could not be written down, and counts once', async () => {
    await host.start();
    host.lapi.faults.push({ kind: 'delay', ms: 20 });
    await seal(1);
    host.store.failure = new Error('no space left on device');
    await until(() => host.warnings.length === 1, 'a warning');
    expect(host.warnings[0]).toContain('no space left on device');
    host.store.failure = null;
    await retry();
    await until(() => outbox().size === 0, 'the window to be taken');
    expect(host.lapi.pushes).toHaveLength(2);
    expect(processed()).toBe(1);
  });
});

describe('a window that LAPI refuses', () => {
  it('goes to quarantine, and the next one goes on; it can be sent again', async () => {
    await host.start();
    host.lapi.faults.push(REFUSAL);
    await seal(1);
    await until(() => outbox().size === 0);
    expect(outbox().quarantined).toMatchObject([
      { number: 1, status: 422, message: 'validation failure list:\nnonsense' },
    ]);
    expect(host.warnings).toEqual([expect.stringContaining('LAPI refused window 1 for good (422 validation')]);
    await seal(2);
    await until(() => outbox().size === 0 && processed() === 1, 'window 2');
    await host.kill();
    await host.start();
    expect(await host.crowdsec.exporter.resend(7)).toBe(false);
    expect(await host.crowdsec.exporter.resend(1)).toBe(true);
    await until(() => processed() === 2, 'window 1');
    expect(outbox().quarantined).toEqual([]);
    expect(host.lapi.bodies[2]).toBe(host.lapi.bodies[0]);
  });

  it('has its gauges told by the next one, an ended one included', async () => {
    await host.start();
    await host.report({ tag: 'a' });
    await seal(1);
    await until(() => host.lapi.pushes.length === 1);
    await host.report({ action: 'remove', tag: 'a' });
    host.lapi.faults.push(REFUSAL);
    await seal(2);
    await until(() => outbox().quarantined.length === 1);
    expect(host.lapi.counts()['couic:a']).toMatchObject({ active_decisions: { ip: 1 } });
    host.time.advance(HALF_HOUR);
    await until(() => host.lapi.pushes.length === 2, 'window 3');
    expect(host.lapi.counts()['couic:a']).toMatchObject({ active_decisions: { ip: 0 } });
  });

  it('makes room: only the newest hundred are kept', async () => {
    await host.start();
    for (let n = 1; n <= 101; n++) {
      host.lapi.faults.push(REFUSAL);
      await seal(n % 250);
      await until(() => outbox().size === 0);
    }
    await until(() => outbox().quarantined.length === 100);
    expect(outbox().quarantined[0]!.number).toBe(2);
    expect(host.warnings.at(-1)).toBe('Dropped quarantined window 1: too many are');
  });
});

describe('the bounds of the outbox', () => {
  it('drop the oldest by age, say so, and count it', async () => {
    await host.start({ outbox: { max_age: '1h' } });
    for (let i = 0; i < 9; i++) host.lapi.faults.push({ kind: 'status', status: 503 });
    await seal(1);
    await seal(2);
    await seal(3);
    host.lapi.faults.length = 0;
    host.time.advance(60_000);
    await until(() => outbox().size === 0);
    expect(processed()).toBe(2);
    expect(host.warnings).toContain('Dropped window 1 unsent: outbox.max_age is exceeded');
  });

  it('drop none at a start with a clock that is a year ahead', async () => {
    await host.start();
    host.lapi.faults.push({ kind: 'status', status: 503 });
    await host.report({ policy: 'ignore' });
    host.time.advance(1000);
    await host.stop();
    expect(outbox().size).toBe(1);
    host.time.step(365 * 86_400_000);
    await host.start();
    await until(() => processed() === 1);
    expect(host.warnings.filter((line) => line.startsWith('Dropped'))).toEqual([]);
  });
});

describe('shutdown', () => {
  it('makes one attempt and leaves the window for the next start', async () => {
    await host.start();
    host.lapi.faults.push({ kind: 'status', status: 503 });
    await host.report({ policy: 'ignore' });
    host.time.advance(1000);
    await host.stop();
    expect(host.lapi.bodies).toHaveLength(1);
    const said = () => host.lines.map(({ message }) => message).filter((message) => /LAPI (a last|did)/.test(message));
    expect(said()).toEqual([
      'Trying LAPI a last time: 1 window waits',
      'LAPI did not take everything: 1 window waits, and will be sent after the next start',
    ]);
    await host.start();
    await until(() => processed() === 1);
    expect(host.lapi.bodies[1]).toBe(host.lapi.bodies[0]);
    await until(() => outbox().size === 0);
    await host.stop();
    expect(said()).toHaveLength(2);
  });

  it('ends with its deadline though LAPI never answers', async () => {
    await host.start({ timeout: '1m' });
    host.lapi.faults.push({ kind: 'silent' });
    await host.report({ policy: 'ignore' });
    host.time.advance(1000);
    const deadline = new AbortController();
    const stopped = host.stop(deadline.signal);
    await until(() => host.lapi.pushes.length === 1);
    deadline.abort();
    await stopped;
    await host.start();
    await until(() => outbox().size === 0);
    expect(processed()).toBe(1);
  });
});

describe('the heartbeat', () => {
  it('pulls at the start and each interval, and says once that it fails', async () => {
    await host.start({ heartbeat: true });
    const pulls = () => host.lapi.requests.filter(({ method }) => method === 'GET').map(({ url }) => url);
    await until(() => pulls().length === 1);
    expect(pulls()).toEqual(['/v1/decisions?ip=192.0.2.1']);
    await until(() => host.time.waits.length === 2);
    host.time.advance(HALF_HOUR);
    await until(() => host.lapi.bouncers.lastPull('bridge') === host.time.now());
    host.time.advance(HALF_HOUR);
    expect(host.lapi.bouncers.prune()).toEqual([]);
  });
});
