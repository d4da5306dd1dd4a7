import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ReportSource } from '../bench/bodies.ts';
import { BridgeProcess } from '../bench/bridge-process.ts';

const MIB = 1024 * 1024;
const REPORTS = 400_000;
const root = fileURLToPath(new URL('../..', import.meta.url));

let directory: string;
let bridge: BridgeProcess;

beforeAll(async () => {
  await promisify(execFile)('npx', ['tsc', '-p', 'test/bench/tsconfig.json'], { cwd: root });
  directory = BridgeProcess.newDirectory();
  bridge = await BridgeProcess.start(directory, ['edge', 'other']);
});

afterAll(async () => {
  await bridge.stop();
  BridgeProcess.remove(directory);
});

/** One attempt of Couic over a link of so many bytes a second: it hangs up after 2 s. @returns the answer, or null. */
async function attempt(instance: string, body: Buffer, bytesPerSecond: number): Promise<string | null> {
  const post = request({
    host: '127.0.0.1',
    port: bridge.port,
    path: bridge.pathOf(instance),
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': body.length },
  });
  const answer = new Promise<string | null>((resolve) => {
    post.on('error', () => resolve(null));
    post.on('response', async (response) => {
      let text = '';
      for await (const piece of response) text += piece;
      resolve(text);
    });
  });
  const hangUp = setTimeout(() => post.destroy(), 2000);
  const slice = Math.ceil(bytesPerSecond / 100);
  const start = performance.now();
  for (let at = 0; at < body.length && !post.destroyed; at += slice) {
    if (!post.write(body.subarray(at, at + slice))) {
      await Promise.race([new Promise((resolve) => post.once('drain', resolve)), answer]);
    }
    const ahead = (at / bytesPerSecond) * 1000 - (performance.now() - start);
    if (ahead > 0) await sleep(ahead);
  }
  if (!post.destroyed) post.end();
  const result = await answer;
  clearTimeout(hangUp);
  return result;
}

const counted = async () => {
  const text = await bridge.metrics();
  const value = (metric: string) =>
    Number(new RegExp(`^${metric}\\{[^}]*couic_instance_name="edge"[^}]*\\} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    accepted: value('couic_bridge_receiver_accepted_reports_total'),
    replayed: value('couic_bridge_receiver_replayed_reports_total'),
  };
};

test('a backlog of 100 MB drains in several tries; a link too slow for what is committed shows as replays', async () => {
  const source = new ReportSource();
  // Tables of this size, compiled code: what grows afterwards is the body's.
  for (let i = 0; i < 25; i++) await attempt('other', source.body(4096), 1e9);
  const body = source.body(REPORTS);
  expect(body.length).toBeGreaterThan(95e6);
  await bridge.watch();
  const before = await bridge.read();

  // At 20 MB/s the sender hangs up after 40 MB: that much is committed.
  expect(await attempt('edge', body, 20e6)).toBeNull();
  // The receiver counts when it sees that the sender is gone.
  await expect.poll(counted, { timeout: 10_000 }).toMatchObject({ accepted: expect.toSatisfy((n: number) => n > 0) });
  const first = await counted();
  expect(first.accepted).toBeGreaterThan(REPORTS * 0.2);
  expect(first.accepted).toBeLessThan(REPORTS * 0.6);

  // As slow again: what is committed crosses the wire, and little more does.
  expect(await attempt('edge', body, 20e6)).toBeNull();
  await expect.poll(counted, { timeout: 10_000 }).toMatchObject({ replayed: expect.toSatisfy((n: number) => n > 0) });
  const second = await counted();
  expect(second.replayed).toBeGreaterThan(first.accepted * 0.5);
  expect(second.accepted - first.accepted).toBeLessThan(REPORTS * 0.2);

  // The link is good again. Another Couic is answered all the while.
  const others: number[] = [];
  let done = false;
  const other = (async () => {
    while (!done) {
      const start = performance.now();
      expect(await attempt('other', source.body(1), 1e9)).toMatch(/"accepted":1/);
      others.push(performance.now() - start);
      await sleep(10);
    }
  })();
  let answer: string | null = null;
  let tries = 2;
  while (answer === null && tries < 10) {
    answer = await attempt('edge', body, 1e9);
    tries++;
  }
  done = true;
  await other;
  const { maxRss, longestStall } = await bridge.read();
  const last = await counted();
  console.log(
    `drained in ${tries} tries; RSS grew by ${((maxRss - before.rss) / MIB).toFixed(1)} MiB; longest stall ${longestStall.toFixed(1)} ms; ` +
      `${others.length} requests of another Couic answered meanwhile, the slowest in ${Math.max(...others).toFixed(0)} ms`,
  );
  expect(answer).not.toBeNull();
  expect(last.accepted).toBe(REPORTS);
  expect((maxRss - before.rss) / MIB).toBeLessThanOrEqual(64);
  expect(longestStall).toBeLessThanOrEqual(50);
  expect(Math.max(...others)).toBeLessThan(2000);
});
