import { expect, test } from 'vitest';
import { backupName, surplusBackups } from '../../../../plugins/exporters/file/backups.ts';

const TIME = Date.UTC(2026, 10, 26, 11, 20, 0, 7);
const none = new Set<string>();
const bounds = { max_megabytes: 1, max_days: 0, max_backups: 0, localtime: false };

test.each([
  ['/var/log/events.json', 'events-2026-11-26T11-20-00.007.json'],
  ['/var/log/events', 'events-2026-11-26T11-20-00.007'],
  ['/var/log/a.b.json', 'a.b-2026-11-26T11-20-00.007.json'],
])('%s becomes %s', (path, name) => {
  expect(backupName(path, TIME, false, none)).toBe(name);
});

test('a name that is taken is not taken again', () => {
  const first = backupName('e.json', TIME, false, none);
  const second = backupName('e.json', TIME, false, new Set([first]));
  expect([first, second]).toEqual(['e-2026-11-26T11-20-00.007.json', 'e-2026-11-26T11-20-00.008.json']);
});

test('beyond their number the oldest go, beyond their days those that are older, and nobody else', () => {
  const day = 86_400_000;
  const days = [0, 1, 2, 3].map((age) => backupName('e.json', TIME - age * day - 1, false, none));
  const others = ['e.json', 'e-notes.json', 'e-2026-11-20T11-20-00.007.txt', 'f-2026-11-20T11-20-00.007.json'];
  const names = [...others, ...days].reverse();
  expect(surplusBackups('e.json', names, { ...bounds, max_backups: 2 }, TIME)).toEqual(days.slice(2));
  expect(surplusBackups('e.json', names, { ...bounds, max_days: 1 }, TIME)).toEqual(days.slice(1));
  expect(surplusBackups('e.json', names, bounds, TIME)).toEqual([]);
});

test("in the host's time, what it wrote is what it reads", () => {
  const name = backupName('e.json', TIME, true, none);
  const local = { ...bounds, max_days: 1, localtime: true };
  expect(surplusBackups('e.json', [name], local, TIME + 86_400_000)).toEqual([]);
  expect(surplusBackups('e.json', [name], local, TIME + 86_400_001)).toEqual([name]);
});
