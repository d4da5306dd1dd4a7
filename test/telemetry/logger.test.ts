import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { createLogger } from '../../src/telemetry/logger.ts';

const now = () => Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function lines(options: Parameters<typeof createLogger>[0]) {
  const written: string[] = [];
  const logger = createLogger({ now, destination: { write: (line) => written.push(line) }, ...options });
  return { logger, written };
}

describe('console', () => {
  test('reads as the documentation of Couic shows it, without colour', () => {
    const { logger, written } = lines({ encoding: 'console' });
    logger.info('Received 1 report from Couic');
    expect(written).toEqual(['[2026-01-02T03:04:05.678Z] INFO: Received 1 report from Couic\n']);
  });

  test('shows what a child is bound to behind the message', () => {
    const { logger, written } = lines({});
    logger.child({ component: 'couic' }).warn({ port: 8000 }, 'no token');
    expect(written).toEqual(['[2026-01-02T03:04:05.678Z] WARN: no token {"component":"couic","port":8000}\n']);
  });

  test('a message with line breaks or terminal controls stays one harmless line', () => {
    const { logger, written } = lines({});
    logger.info('Tag: a\n[2026-01-01T00:00:00.000Z] ERROR: forged\u001b[2J\u2028');
    expect(written).toEqual([
      '[2026-01-02T03:04:05.678Z] INFO: Tag: a\\n[2026-01-01T00:00:00.000Z] ERROR: forged\\u001b[2J\\u2028\n',
    ]);
  });

  test('shows the message and the stack of an error', () => {
    const { logger, written } = lines({});
    logger.error(new Error('disk full'), 'commit failed');
    expect(written.join('')).toMatch(/ERROR: commit failed *\n\s+err: [\s\S]*disk full[\s\S]*at .*logger.test.ts/);
  });
});

describe('json', () => {
  test('is one object a line, with ISO time and the level as a word', () => {
    const { logger, written } = lines({ encoding: 'json' });
    logger.child({ component: 'couic' }).info({ accepted: 3 }, 'Received 3 reports from Couic');
    expect(written.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'info',
        time: '2026-01-02T03:04:05.678Z',
        component: 'couic',
        accepted: 3,
        msg: 'Received 3 reports from Couic',
      },
    ]);
  });
});

describe("systemd's journal", () => {
  test('is told the priority of each line, and keeps the time itself', () => {
    const { logger, written } = lines({ journal: true, level: 'debug' });
    for (const level of ['debug', 'info', 'warn', 'error', 'fatal'] as const) logger[level](`a ${level}`);
    expect(written).toEqual([
      '<7>DEBUG: a debug\n',
      '<6>INFO: a info\n',
      '<4>WARN: a warn\n',
      '<3>ERROR: a error\n',
      '<2>FATAL: a fatal\n',
    ]);
  });

  test('has the lines of a stack under the priority of their entry', () => {
    const { logger, written } = lines({ journal: true });
    logger.error(new Error('disk full'), 'commit failed');
    const all = written.join('').trimEnd().split('\n');
    expect(all.length).toBeGreaterThan(3);
    for (const line of all) expect(line).toMatch(/^<3>/);
  });

  test('gets JSON behind the priority, which it takes off', () => {
    const { logger, written } = lines({ journal: true, encoding: 'json' });
    logger.warn('no token');
    expect(written).toEqual(['<4>{"level":"warn","time":"2026-01-02T03:04:05.678Z","msg":"no token"}\n']);
  });
});

test.each(['console', 'json'] as const)('%s: secrets do not reach the log', (encoding) => {
  const { logger, written } = lines({ encoding });
  logger.info({ token: 's3cret', config: { api_key: 's3cret', headers: { a: 's3cret' } } }, 'with secrets');
  logger.info({ req: { headers: { authorization: 's3cret', 'X-Api-Key': 's3cret' } } }, 'and again');
  logger.info({ headers: { 'X-Api-Key': 's3cret' }, instance: { tokens: ['s3cret'] } }, 'and again');
  expect(written.join('')).not.toContain('s3cret');
  expect(written.join('')).toContain('[redacted]');
});

test('level: nothing below it is written', () => {
  const { logger, written } = lines({ level: 'warn' });
  logger.info('no');
  logger.warn('yes');
  expect(written).toHaveLength(1);
});

test('a log on a full disk does not stop the bridge; its lines wait within bounds, and are written when there is room', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bridge-log-'));
  const fd = fs.openSync(join(directory, 'log'), 'w');
  const logger = createLogger({ destination: fd });
  const full = vi.spyOn(fs, 'writeSync').mockImplementation(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  });
  for (let line = 0; line < 2000; line++) logger.info(`${line} ${'x'.repeat(1000)}`);
  full.mockRestore();
  logger.info('dropped, and the attempt that finds room');
  logger.info('there is room');
  const lines = fs.readFileSync(join(directory, 'log'), 'utf8').trimEnd().split('\n');
  expect(lines[0]).toContain('INFO: 0 xxx');
  expect(lines.length).toBeGreaterThan(900);
  expect(lines.length).toBeLessThan(1100);
  expect(lines.at(-1)).toContain('INFO: there is room');
  const kept = lines.length - 2;
  expect(lines.at(-2)).toContain(`WARN: ${2001 - kept} lines of the log were lost here`);
  fs.closeSync(fd);
  await rm(directory, { recursive: true });
});
