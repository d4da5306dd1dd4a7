import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ServiceManager, systemdNotify } from '../../src/cli/service-manager.ts';

let sent: string[];
const manager = (env: Record<string, string>) =>
  new ServiceManager({ env, pid: 42, notify: (assignments) => sent.push(assignments.join(' ')), monotonic: () => 1.5 });

beforeEach(() => {
  sent = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('says each state in the words of sd_notify', () => {
  const systemd = manager({ NOTIFY_SOCKET: '/run/notify' });
  systemd.ready();
  systemd.reloading();
  systemd.ready('the configuration\nis wrong');
  systemd.stopping();
  expect(sent).toEqual([
    'READY=1 STATUS=Reports are accepted',
    'RELOADING=1 MONOTONIC_USEC=1500 STATUS=Reloading the configuration',
    'READY=1 STATUS=Reports are accepted; the configuration is wrong',
    'STOPPING=1 STATUS=Stopping in order',
  ]);
});

test('says nothing where nobody asked', () => {
  const none = manager({ WATCHDOG_USEC: '1000000' });
  none.ready();
  vi.advanceTimersByTime(5000);
  none.stopping();
  expect(sent).toEqual([]);
});

test('feeds the watchdog twice in its time, from ready to stopping, one timer however often it was ready', () => {
  const systemd = manager({ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '1000000', WATCHDOG_PID: '42' });
  vi.advanceTimersByTime(5000);
  expect(sent).toEqual([]);
  systemd.ready();
  systemd.ready();
  sent = [];
  vi.advanceTimersByTime(2000);
  expect(sent).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
  systemd.stopping();
  sent = [];
  vi.advanceTimersByTime(2000);
  expect(sent).toEqual([]);
});

test("leaves another process's watchdog alone", () => {
  const systemd = manager({ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '1000000', WATCHDOG_PID: '43' });
  systemd.ready();
  sent = [];
  vi.advanceTimersByTime(2000);
  expect(sent).toEqual([]);
});

test('tells once that nothing can be sent, and goes on', async () => {
  vi.useRealTimers();
  const failures: string[] = [];
  let told = () => {};
  const first = new Promise<void>((resolve) => {
    told = resolve;
  });
  const notify = systemdNotify('/nowhere/notify', (error) => {
    failures.push(error.message);
    told();
  });
  notify(['READY=1']);
  notify(['STOPPING=1']);
  await first;
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatch(/systemd-notify/);
});
