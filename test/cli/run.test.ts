import { type DestinationStream, pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { type RunOptions, runService } from '../../src/cli/run.ts';
import { StartCancelled } from '../../src/service/service.ts';
import { FakeLifecycle } from '../support/cli.ts';

let lines: { level: number; msg?: string }[];
let lifecycle: FakeLifecycle;
let now = 0;
const clock = { monotonic: () => now };
/** What systemd was told. */
let states: string[];
const manager = { ready: () => states.push('ready'), stopping: () => states.push('stopping') };
const destination: DestinationStream = { write: (line) => void lines.push(JSON.parse(line)) };
const logger = pino({ base: null }, destination);
const run = (service: RunOptions['service']) =>
  runService({ service, logger, lifecycle, clock, manager, hide: (text) => text });
const messages = () => lines.map(({ msg }) => msg);

beforeEach(() => {
  lines = [];
  states = [];
  lifecycle = new FakeLifecycle();
});

function service({ start = async () => {}, inOrder = true, shutdown = async () => {} } = {}) {
  const calls: string[] = [];
  return {
    calls,
    start: () => {
      calls.push('start');
      return start();
    },
    shutdown: async () => {
      calls.push('shutdown');
      await shutdown();
      return inOrder;
    },
  };
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s stops in order, and that is no failure', async (signal) => {
  const fake = service();
  const code = run(fake);
  lifecycle.signal(signal);
  expect(await code).toBe(0);
  expect(fake.calls).toEqual(['start', 'shutdown']);
  expect(states.sort()).toEqual(['ready', 'stopping']);
  expect(lifecycle.exits).toEqual([]);
  expect(messages()).toEqual([
    `Received ${signal}: stopping in order; a second signal ends the bridge at once`,
    'Stopped',
  ]);
});

// Within 300 ms it is an echo: npm passes on the Ctrl-C that the terminal sent to both.
test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a second signal, %s, ends at once', async (signal, code) => {
  let finish = () => {};
  const shutdown = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const running = run(service({ shutdown: () => shutdown }));
  lifecycle.signal('SIGTERM');
  now += 299;
  lifecycle.signal(signal);
  expect(lifecycle.exits).toEqual([]);
  now += 1;
  lifecycle.signal(signal);
  expect(lifecycle.exits).toEqual([code]);
  finish();
  await running;
});

test('what could not be ended in order is a failure', async () => {
  const code = run(service({ inOrder: false }));
  lifecycle.signal('SIGTERM');
  expect(await code).toBe(1);
  expect(messages().at(-1)).toBe('Stopped, but not everything in order');
});

test('a start that fails is told in one line', async () => {
  const failing = service({ start: () => Promise.reject(new Error('cannot start exporter prometheus: port taken')) });
  expect(await run(failing)).toBe(1);
  expect(lines).toMatchObject([{ level: 60, msg: 'cannot start exporter prometheus: port taken' }]);
  expect(lines[0]).not.toHaveProperty('err');
});

test('a signal while it starts is a stop in order; a start that fails meanwhile is told all the same', async () => {
  const start = (error: Error) => async () => {
    lifecycle.signal('SIGTERM');
    throw error;
  };
  expect(await run(service({ start: start(new StartCancelled()) }))).toBe(0);
  lifecycle = new FakeLifecycle();
  expect(await run(service({ start: start(new Error('disk is full')) }))).toBe(1);
  expect(messages()).toContain('disk is full');
});

test('an error that nobody caught stops in order, as a failure', async () => {
  const fake = service();
  const code = run(fake);
  lifecycle.uncaught(new Error('bug'));
  lifecycle.uncaught(new Error('its echo'));
  expect(await code).toBe(1);
  expect(fake.calls).toEqual(['start', 'shutdown']);
  expect(lines.filter(({ level }) => level === 60)).toHaveLength(2);
});
