import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { bodyOf } from '../support/ledger.ts';

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const TOKEN = '0d9c7a3e-5d4f-4c7b-9a51-3c1f0e8b2a64';

let directory: string;
let port: number;
let child: ChildProcess | undefined;
/** Of the bridge, which outlives a terminal that is closed. */
let bridge: number | undefined;

beforeEach(async () => {
  directory = fs.mkdtempSync(join(tmpdir(), 'couic-bridge-'));
  port = await freePort();
  const config = {
    receivers: { couic: { endpoint: `127.0.0.1:${port}`, instances: [{ name: 'edge', token: TOKEN }] } },
    exporters: { prometheus: { endpoint: '127.0.0.1:0' } },
    extensions: { file_storage: { directory: join(directory, 'data') } },
    service: {
      extensions: ['file_storage'],
      pipelines: { metrics: { receivers: ['couic'], exporters: ['prometheus'] } },
      telemetry: { logs: { level: 'debug' } },
    },
  };
  fs.writeFileSync(join(directory, 'config.yaml'), JSON.stringify(config));
});

afterEach(() => {
  child?.kill('SIGKILL');
  if (bridge !== undefined && isRunning(bridge)) process.kill(bridge, 'SIGKILL');
  bridge = undefined;
  fs.rmSync(directory, { recursive: true, force: true });
});

async function report(): Promise<number> {
  const body = bodyOf(Array.from({ length: 10 }, (_, index) => ({ cidr: `192.0.2.${index}/32` })));
  const answer = await fetch(`http://127.0.0.1:${port}/v1/reports/${TOKEN}`, {
    method: 'POST',
    body,
    signal: AbortSignal.timeout(5000),
  });
  return answer.status;
}

const attempt = () => report().catch(() => 0);

/** Sends reports until the log has long been full, then has the bridge end. */
async function expectToGoOn(pid: () => number): Promise<void> {
  for (let request = 0; request < 40; request++) expect(await report()).toBe(200);
  process.kill(pid(), 'SIGTERM');
  await expect.poll(() => isRunning(pid()), { timeout: 15_000 }).toBe(false);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has ended and that nobody has asked for yet.
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const withScript = fs.existsSync('/usr/bin/script') ? test : test.skip;

withScript('a terminal that was stopped with Ctrl-S', async () => {
  const command = `${process.execPath} ${main} --config ${join(directory, 'config.yaml')}`;
  child = spawn('/usr/bin/script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  await expect.poll(() => shown, { timeout: 15_000 }).toContain('Ready: reports are accepted');
  const pid = Number(/process (\d+)/.exec(shown)![1]);
  bridge = pid;
  child.stdin!.write('\u0013');
  await expectToGoOn(() => pid);
});

test('a pipe that is full when the bridge starts', async () => {
  const path = join(directory, 'fifo');
  execFileSync('mkfifo', [path]);
  const fifo = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  const full = () => fs.writeSync(fifo, Buffer.alloc(4096));
  try {
    for (;;) full();
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('EAGAIN');
  }
  // A pipe of its own for the bridge: one that waits.
  const given = fs.openSync(path, fs.constants.O_WRONLY);
  child = spawn(process.execPath, [main, '--config', 'config.yaml'], {
    cwd: directory,
    stdio: ['ignore', given, 'inherit'],
  });
  fs.closeSync(given);
  await expect.poll(attempt, { timeout: 15_000 }).toBe(200);
  await expectToGoOn(() => child!.pid!);
  await expect.poll(() => child!.exitCode).toBe(0);
  fs.closeSync(fifo);
});
