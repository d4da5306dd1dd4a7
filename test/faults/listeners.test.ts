import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { BridgeUnderTest } from '../support/bridge-under-test.ts';
import { makeAuthority } from '../support/certificates.ts';
import { postHead } from '../support/raw-http.ts';

const TOKEN = '550e8400-e29b-41d4-a716-446655440000';
const GET = 'GET /metrics HTTP/1.1\r\nHost: bridge\r\n\r\n';
/** Couic waits no longer. */
const COUIC_TIMEOUT = 2000;

interface Options {
  readonly tls?: boolean;
  readonly openFiles?: number;
  readonly couic?: object;
  readonly heap?: number;
}

async function start({ tls = false, openFiles, couic = {}, heap }: Options = {}) {
  const bridge = new BridgeUnderTest();
  onTestFinished(() => bridge.remove());
  bridge.openFiles = openFiles;
  const files = { cert_file: join(bridge.directory, 'cert.pem'), key_file: join(bridge.directory, 'key.pem') };
  if (tls) {
    const { cert, key } = await (await makeAuthority()).issue('bridge');
    writeFileSync(files.cert_file, cert);
    writeFileSync(files.key_file, key);
  }
  bridge.write({
    receivers: {
      couic: {
        endpoint: '127.0.0.1:0',
        log_reports: false,
        instances: [{ name: 'edge', token: TOKEN }],
        ...(tls && { tls: files }),
        ...couic,
      },
    },
    exporters: { prometheus: { endpoint: '127.0.0.1:0' } },
    extensions: { file_storage: { directory: 'state' }, health_check: { endpoint: '127.0.0.1:0' } },
    service: {
      extensions: ['file_storage', 'health_check'],
      pipelines: { metrics: { receivers: ['couic'], exporters: ['prometheus'] } },
    },
  });
  await bridge.start(heap === undefined ? {} : { NODE_OPTIONS: `--max-old-space-size=${heap}` });
  const port = (words: Parameters<typeof bridge.urlOf>[0]) => Number(new URL(bridge.urlOf(words)).port);
  return {
    bridge,
    reports: port('Listening for reports on'),
    scrapes: port('Metrics are at'),
    health: port('Health is at'),
    descriptors: () => readdirSync(`/proc/${bridge.pid}/fd`).length,
    memory: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${bridge.pid}/status`, 'utf8'))![1]) / 1024,
  };
}

async function open(port: number, tls = false): Promise<Socket> {
  const options = { port, host: '127.0.0.1', allowHalfOpen: true };
  const socket = tls ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options);
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once(tls ? 'secureConnect' : 'connect', resolve).once('close', resolve));
  return socket;
}

/** Sends a good report on a connection of its own. @returns how long its answer took, in ms. */
async function report(port: number, tls = false, body = '[]'): Promise<number> {
  const started = performance.now();
  const socket = await open(port, tls);
  socket.write(postHead(`/v1/reports/${TOKEN}`, Buffer.byteLength(body)) + body);
  let answer = '';
  for await (const data of socket) {
    answer += data;
    if (answer.includes('"accepted"')) break;
  }
  socket.destroy();
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  return performance.now() - started;
}

/** Reports with as many series as the limits of the bridge allow. */
function manySeries(from: number, count: number): string {
  const entry = (i: number) => ({ creation: 1, cidr: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`, expiration: 0 });
  return JSON.stringify(
    Array.from({ length: count }, (_, i) => ({
      action: 'add',
      policy: 'drop',
      entry: { ...entry(from + i), tag: `t${(from + i) % 200}` },
      metadata: { kind: `k${Math.floor((from + i) / 200) % 200}`, detail: '', extra: null },
    })),
  );
}

/** How long reports take while something goes on, at worst. */
async function worstWhile(port: number, work: Promise<unknown>): Promise<number> {
  let isOver = false;
  const over = work.then(() => {
    isOver = true;
  });
  let worst = 0;
  while (!isOver) {
    worst = Math.max(worst, await report(port));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await over;
  return worst;
}

test.each([false, true])('2,048 connections that say nothing, or half a header (TLS: %s)', async (tls) => {
  const { reports, descriptors } = await start({ tls, couic: { read_header_timeout: '20s' } });
  const before = descriptors();
  for (let i = 0; i < 2048; i += 32) {
    const some = await Promise.all(Array.from({ length: 32 }, () => open(reports, tls && i < 1024)));
    for (const [index, socket] of some.entries()) if (index % 2) socket.write('POST /v1/repo');
  }
  for (let i = 0; i < 10; i++) expect(await report(reports, tls)).toBeLessThan(COUIC_TIMEOUT);
  await expect.poll(descriptors, { timeout: 60_000, interval: 500 }).toBeLessThan(before + 5);
  expect(await report(reports, tls)).toBeLessThan(COUIC_TIMEOUT);
});

test('1,024 descriptors, and more connections to each listener than that', async () => {
  const { bridge, reports, scrapes, health, descriptors } = await start({ openFiles: 1024 });
  expect(bridge.output).toContain('this process may have 1024 files open, too few');
  for (const port of [scrapes, health, reports]) {
    for (let i = 0; i < 1100; i += 20) await Promise.all(Array.from({ length: 20 }, () => open(port)));
    expect(await report(reports)).toBeLessThan(COUIC_TIMEOUT);
    expect((await bridge.scrape()).length).toBeGreaterThan(100);
    expect((await fetch(bridge.urlOf('Health is at'))).status).toBe(200);
    expect(descriptors()).toBeLessThan(1000);
  }
  expect(bridge.output).not.toContain('EMFILE');
});

test('1,600 scrapes sent ahead, on many connections that read nothing, with 512 MB of heap', async () => {
  const { bridge, reports, scrapes, memory } = await start({ heap: 512 });
  for (let from = 0; from < 40_000; from += 4000) await report(reports, false, manySeries(from, 4000));
  const size = (await bridge.scrape()).length;
  const before = memory();
  const attack = async () => {
    for (let i = 0; i < 100; i++) {
      const socket = await open(scrapes);
      socket.pause();
      socket.write(i % 2 ? GET : GET.repeat(1600));
    }
  };
  const worst = await worstWhile(reports, attack());
  console.log(
    `a scrape of ${size} bytes; a report at worst after ${Math.round(worst)} ms; ${Math.round(memory() - before)} MB more`,
  );
  expect(worst).toBeLessThan(COUIC_TIMEOUT);
  expect(memory() - before).toBeLessThan(400);
  expect((await bridge.scrape()).length).toBeGreaterThan(size / 2);
});

test('60 KB of wrong tokens on each of many connections, again and again', async () => {
  const { bridge, reports } = await start();
  const wrong = `${postHead('/v1/reports/wrong', 2)}[]`.repeat(500);
  const until = performance.now() + 15_000;
  const attack = async () => {
    while (performance.now() < until) {
      const socket = await open(reports);
      socket.resume().end(wrong);
      await new Promise((resolve) => socket.once('close', resolve).once('end', resolve));
      socket.destroy();
    }
  };
  const worst = await worstWhile(reports, Promise.all(Array.from({ length: 50 }, attack)));
  console.log(`a report at worst after ${Math.round(worst)} ms`);
  expect(worst).toBeLessThan(COUIC_TIMEOUT);
  expect(bridge.output).toContain('unknown token');
});

test('a sender of good reports that never reads an answer', async () => {
  const { bridge, reports } = await start({ couic: { write_timeout: '2s' } });
  const socket = await open(reports);
  socket.pause();
  const many = `${postHead(`/v1/reports/${TOKEN}`, 2)}[]`.repeat(50);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const flood = setInterval(() => socket.writableLength < 1e6 && socket.write(many), 5);
  await closed;
  clearInterval(flood);
  expect(bridge.output).toMatch(/did not read its answers for write_timeout|were sent ahead of their answers/);
  expect(await report(reports)).toBeLessThan(COUIC_TIMEOUT);
});
