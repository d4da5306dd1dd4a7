import { expect, test } from 'vitest';
import {
  bridgeFindings,
  listOf,
  panelOf,
  troubleOf,
} from '../../../../plugins/extensions/jetstream_storage/bridges.ts';
import type { SeenBridge } from '../../../../src/log/jetstream/bridges.ts';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5);
const bridge = (id: string, more: Partial<SeenBridge> = {}): SeenBridge => ({
  ...{ id, name: `host-${id}`, version: '1.2.3', started: AT - 90_000, heard: AT - 3000, behind: 0, skew: 400 },
  ...more,
});
const holder = { bridge: 'b', name: 'host-b', since: AT - 60_000 };
const seen = {
  at: AT,
  bridges: [
    bridge('e', { heard: AT - 30_000, skew: 70_000 }),
    bridge('d', { heard: AT - 300_000, ended: true }),
    bridge('c', { skew: -125_000 }),
    bridge('b', { behind: 7, heard: AT - 29_999 }),
    bridge('a'),
  ],
};

test('each does one thing, and only the holder has the lease since some time', () => {
  const { bridges } = listOf(seen, holder);
  expect(bridges.map(({ name, state, leaseSince }) => [name, state, leaseSince])).toEqual([
    ['host-a', 'stands by', null],
    ['host-b', 'has the lease', AT - 60_000],
    ['host-c', 'clock is wrong', null],
    ['host-d', 'stopped', null],
    ['host-e', 'gone', null],
  ]);
});

test('what a bridge calls itself is one line that no terminal obeys', () => {
  const { bridges } = listOf({ at: AT, bridges: [bridge('a', { name: 'x\u001b[31m\ny' })] }, undefined);
  expect(bridges[0]!.name).toBe('x\\u001b[31m\\ny');
});

test('the page shows times by the clock of its host', () => {
  const { columns, rows } = panelOf(listOf(seen, holder), 5000, false);
  const [, b, c] = rows.map(({ cells }) => Object.fromEntries(cells.map((cell, i) => [columns[i], cell])));
  expect(b).toEqual({
    bridge: 'host-b',
    does: 'has the lease',
    'lease since': { time: AT - 55_000 },
    'heard of': { time: AT - 24_999 },
    started: { time: AT - 85_000 },
    'entries behind': 7,
    clock: 'agrees',
    version: '1.2.3',
    id: 'b',
  });
  expect([c!['lease since'], c!.clock]).toEqual(['', '2m5s behind']);
});

test('a page that is cut off says so', () => {
  expect(panelOf(listOf(seen, holder), 0, true).text).toContain('cannot ask any more');
});

test('those that are gone, or have a wrong clock, are trouble; one that was stopped is none', () => {
  expect(troubleOf(listOf(seen, holder), holder)).toEqual(['the clock of host-c is 2m5s behind', 'host-e is gone']);
  expect(troubleOf(listOf({ at: AT, bridges: [] }, undefined), undefined)).toEqual(['no bridge has the lease']);
});

test('two that are there with one id are told with what to do; only one of them has the lease', () => {
  const twins = [bridge('b'), bridge('b', { name: 'copy', started: AT - 10_000 })];
  const list = listOf({ at: AT, bridges: twins }, holder);
  expect(list.bridges.map(({ name, state }) => [name, state])).toEqual([
    ['copy', 'stands by'],
    ['host-b', 'has the lease'],
  ]);
  const message = "copy and host-b have one id, since the directory of one is a copy of another's";
  expect(troubleOf(list, holder)).toEqual([message]);
  expect(bridgeFindings(list)).toContainEqual({
    level: 'failure',
    message,
    advice: expect.stringContaining('delete the file bridge.json in their directory'),
  });
  const ended = [bridge('b'), bridge('b', { ended: true }), bridge('b', { heard: AT - 30_000 })];
  expect(bridgeFindings(listOf({ at: AT, bridges: ended }, holder)).map(({ level }) => level)).not.toContain('failure');
});

test('doctor says what to do about each', () => {
  expect(bridgeFindings(listOf(seen, holder))).toEqual([
    { level: 'ok', message: 'host-a, version 1.2.3: stands by, heard of 3s ago, 0 entries behind, clock agrees' },
    { level: 'ok', message: 'host-b, version 1.2.3: has the lease, heard of 30s ago, 7 entries behind, clock agrees' },
    {
      level: 'warning',
      message: 'host-c, version 1.2.3: clock is wrong, heard of 3s ago, 0 entries behind, clock 2m5s behind',
      advice: 'mend the clock of its host (timedatectl): until then it takes no reports',
    },
    { level: 'ok', message: 'host-d, version 1.2.3: stopped, heard of 5m ago, 0 entries behind, clock agrees' },
    {
      level: 'warning',
      message: 'host-e, version 1.2.3: gone, heard of 30s ago, 0 entries behind, clock 1m10s ahead',
      advice: 'start it again, or wait: an hour after its end it is not told of',
    },
  ]);
});
