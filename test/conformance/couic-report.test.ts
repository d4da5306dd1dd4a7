import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Discord, type Message } from '../support/discord/server.ts';
import { bodyOf } from '../support/ledger.ts';
import { BridgeProcess } from './tools/bridge-process.ts';
import { describeWith } from './tools/describe-with.ts';
import { freePort } from './tools/free-port.ts';
import { RunningProcess } from './tools/running-process.ts';

const SECRET = 'de305d54-75b4-431b-adb2-eb6b9e546014';
const NAME = 'production-server';
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function channel() {
  const discord = new Discord();
  const webhook = await discord.open();
  ends.push(() => discord.close());
  return { discord, webhook };
}

/** All of a message but when it was sent. */
function timeless({ embeds, ...message }: Message) {
  return { ...message, embeds: embeds!.map(({ timestamp, ...embed }) => [typeof timestamp, embed]) };
}

describeWith(['couic-report'], 'The digest beside that of couic-report', ({ 'couic-report': couicReport }) => {
  const real = async (thresholds: string) => {
    const { discord, webhook } = await channel();
    const directory = await mkdtemp(join(tmpdir(), 'couic-report-'));
    ends.push(() => rm(directory, { recursive: true }));
    const port = await freePort();
    const server = `name = "${NAME}"\naddr = "127.0.0.1"\nport = ${port}\nsecret = "${SECRET}"`;
    const config = `batch_interval_secs = 4\n[server]\n${server}\n[thresholds]\n${thresholds}\n[discord]\nwebhook_url = "${webhook}"\n`;
    await writeFile(join(directory, 'config.toml'), config);
    const running = await RunningProcess.start({
      file: couicReport,
      args: ['--config', join(directory, 'config.toml')],
      env: { ...process.env, RUST_LOG: 'info' },
      ready: [/Server running/],
    });
    ends.push(() => running.stop());
    return { discord, url: `http://127.0.0.1:${port}/v1/reports/${SECRET}` };
  };

  const ours = async (thresholds: object) => {
    const { discord, webhook } = await channel();
    const bridge = await BridgeProcess.start({
      receivers: { couic: { endpoint: '127.0.0.1:0', instances: [{ name: 'couic', token: SECRET }] } },
      exporters: {
        prometheus: { endpoint: '127.0.0.1:0' },
        digest: {
          name: NAME,
          interval: '4s',
          thresholds,
          top_tags: 1,
          notifiers: { discord: [{ webhook_url: webhook }] },
        },
      },
      extensions: { file_storage: { directory: 'DIRECTORY' } },
      service: {
        extensions: ['file_storage'],
        pipelines: {
          metrics: { receivers: ['couic'], exporters: ['prometheus'] },
          logs: { receivers: ['couic'], exporters: ['digest'] },
        },
      },
    });
    ends.push(() => bridge.stop());
    return { discord, url: `${bridge.webhook}/${SECRET}` };
  };

  test.each([
    ['green', 1],
    ['orange', 12],
    ['red', 30],
  ])('is the same message, but for its time: %s', async (_level, many) => {
    const thresholds = { orange: 5, red: 20 };
    const both = [await real('orange = 5\nred = 20'), await ours(thresholds)];
    const reports = Array.from({ length: many }, (_, i) => ({
      cidr: i % 3 === 0 ? '192.0.2.1/32' : `2001:db8:${i}::/48`,
      policy: i % 2 === 0 ? ('drop' as const) : ('ignore' as const),
      tag: i % 5 === 4 ? null : i % 5 < 3 ? 'ssh-bruteforce' : 'couicctl',
    }));
    // Removals are in neither.
    const body = bodyOf([...reports, { action: 'remove', cidr: '192.0.2.1/32' }]);
    for (const { url } of both) {
      const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
      expect(answer.status).toBe(200);
    }
    const [theirs, own] = both.map(({ discord }) => discord.messages);
    await expect.poll(() => [theirs!.length, own!.length], { timeout: 20_000 }).toEqual([1, 1]);
    expect(timeless(own![0]!)).toEqual(timeless(theirs![0]!));
    // Neither says anything of an interval without a report.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect([theirs!.length, own!.length]).toEqual([1, 1]);
  });

  test('neither says anything below threshold_min', async () => {
    const both = [
      await real('orange = 3\nred = 20\nthreshold_min = "orange"'),
      await ours({ orange: 3, red: 20, threshold_min: 'orange' }),
    ];
    const post = async (cidrs: readonly string[]) => {
      const body = bodyOf(cidrs.map((cidr) => ({ cidr })));
      for (const { url } of both)
        await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    };
    await post(['10.0.0.1/32', '10.0.0.2/32']);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    await post(['10.0.1.1/32', '10.0.1.2/32', '10.0.1.3/32']);
    await expect.poll(() => both.map(({ discord }) => discord.messages.length), { timeout: 20_000 }).toEqual([1, 1]);
    const [theirs, own] = both.map(({ discord }) => timeless(discord.messages[0]!));
    expect(own).toEqual(theirs);
  });
});
