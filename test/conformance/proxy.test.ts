import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { CouicSender } from '../support/couic-sim/sender.ts';
import { sumByLabels } from '../support/parse-exposition.ts';
import { BridgeProcess } from './tools/bridge-process.ts';
import { describeWith } from './tools/describe-with.ts';
import { freePort } from './tools/free-port.ts';
import { documentedLines, type ProxyName, ProxyProcess } from './tools/proxy-process.ts';

const BACKLOG = 9000;
const TOKEN = randomUUID();
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A proxy before a bridge that is not there yet, and a Couic with the backlog that this makes. */
async function outage(binary: string, name: ProxyName, lines: string, backlog = BACKLOG) {
  const [bridgePort, proxyPort] = [await freePort(), await freePort()];
  const startProxy = async (its: string) => {
    const proxy = await ProxyProcess.start(binary, name, its, `127.0.0.1:${bridgePort}`, proxyPort);
    ends.push(() => proxy.stop());
    return proxy;
  };
  const startBridge = async () => {
    const bridge = await BridgeProcess.start({
      receivers: {
        couic: {
          endpoint: `127.0.0.1:${bridgePort}`,
          log_reports: false,
          instances: [{ name: 'edge', token: TOKEN }],
        },
      },
      exporters: { prometheus: { endpoint: '127.0.0.1:0' } },
      extensions: { file_storage: { directory: 'DIRECTORY' } },
      service: {
        extensions: ['file_storage'],
        pipelines: { metrics: { receivers: ['couic'], exporters: ['prometheus'] } },
      },
    });
    ends.push(() => bridge.stop());
    return { reports: async () => sumByLabels(await bridge.scrape(), 'couic_reports_total', [])[''] ?? 0 };
  };

  const proxy = await startProxy(lines);
  const outcomes: unknown[] = [];
  const sender = new CouicSender({
    webhook: `${proxy.webhook}/${TOKEN}`,
    onAttempt: (_reports, outcome) => outcomes.push('status' in outcome ? outcome.status : outcome.error),
  });
  ends.push(() => sender.stop());
  sender.start();
  // More than the channel holds: each failure makes room for the next.
  for (let sent = 0; sent < backlog; sent += 3000) {
    for (let i = 0; i < 3000; i++) sender.offer(report(sent + i));
    const failures = sender.counts.failures;
    await expect.poll(() => sender.counts.failures, { timeout: 10_000 }).toBeGreaterThan(failures);
  }
  expect(sender.counts).toMatchObject({ offered: backlog, dropped: 0, acknowledged: 0 });
  return { proxy, sender, outcomes, startBridge, startProxy };
}

describeWith(['nginx'], 'A backlog of 9,000 reports, through Debian’s nginx', ({ nginx }) => {
  test('is refused for ever with the limit that it has by default, and gets through with the documented lines', async () => {
    const lines = documentedLines('nginx');
    const limited = lines.replace(/client_max_body_size.*\n/, '');
    expect(limited).not.toBe(lines);
    const { proxy, sender, outcomes, startBridge, startProxy } = await outage(nginx, 'nginx', limited);
    const bridge = await startBridge();
    await expect.poll(() => outcomes.slice(-2), { timeout: 30_000 }).toEqual([413, 413]);
    expect(await bridge.reports()).toBe(0);

    await proxy.stop();
    await startProxy(lines);
    await expect.poll(() => sender.counts.acknowledged, { timeout: 60_000 }).toBe(BACKLOG);
    expect(await bridge.reports()).toBe(BACKLOG);
  });
});

for (const name of ['nginx', 'haproxy', 'caddy'] as const) {
  describeWith([name], `The lines for ${name} in docs/couic.md`, (paths) => {
    test('let a backlog of 9,000 reports through, and keep the token out of its logs', async () => {
      const { proxy, sender, startBridge } = await outage(paths[name], name, documentedLines(name));
      const bridge = await startBridge();
      await expect.poll(() => sender.counts.acknowledged, { timeout: 30_000 }).toBe(BACKLOG);
      expect(await bridge.reports()).toBe(BACKLOG);
      expect(proxy.output).not.toContain(TOKEN);
    });

    test('equal bodies within a second are counted, each', async () => {
      const { sender, startBridge } = await outage(paths[name], name, documentedLines(name), 0);
      const bridge = await startBridge();
      for (let i = 0; i < 30; i++) {
        sender.offer(report(i % 2));
        await sender.drained();
        sender.offer(report(i % 2));
        sender.offer(report(2));
        await sender.drained();
      }
      expect(await bridge.reports()).toBe(90);
    });
  });
}

function report(index: number) {
  const cidr = `10.1.${index >>> 8}.${index & 255}/32`;
  const entry = { creation: 1_764_115_200, cidr, tag: 'fail2ban-sshd', expiration: 1_764_118_800 };
  const metadata = { kind: 'automated', detail: 'Repeated connection attempts', extra: null };
  return { action: 'add', policy: 'drop', entry, metadata } as const;
}
