import { beforeEach, expect, test } from 'vitest';
import { Activity } from '../../../../plugins/extensions/status_page/activity.ts';
import { OTHER } from '../../../../src/telemetry/names.ts';

const MINUTE = 60_000;
let time: number;
let activity: Activity;
beforeEach(() => {
  time = 1000 * MINUTE;
  activity = new Activity({ monotonic: () => time });
});

function commit(instance: string, drops: Record<string, number>): void {
  const byTag = new Map<string | null, number>(Object.entries(drops));
  activity.committed({ instance, accepted: 1, quarantined: 0, drops: () => byTag });
}

test('counts added rules a minute, by Couic, from the start on', () => {
  commit('edge', { scanner: 2, bad: 1 });
  commit('edge', { scanner: 1 });
  time += 2 * MINUTE;
  commit('edge', { scanner: 5 });
  commit('core', { bad: 7 });
  expect(activity.of('edge').perMinute).toEqual([4, 0, 5]);
  expect(activity.of('core').perMinute).toEqual([0, 0, 7]);
  expect(activity.of('other')).toEqual({ perMinute: [0, 0, 0], tags: [] });
  expect(activity.of('edge').tags).toEqual([
    { tag: 'scanner', added: 8 },
    { tag: 'bad', added: 1 },
  ]);
});

test('an hour later nothing of it is left, whether anything came meanwhile or not', () => {
  commit('edge', { scanner: 2 });
  commit('silent', { scanner: 2 });
  for (let minute = 0; minute < 60; minute++) {
    time += MINUTE;
    commit('edge', { bad: 1 });
  }
  expect(activity.of('edge').perMinute).toEqual(new Array(60).fill(1));
  expect(activity.of('edge').tags.map(({ tag }) => tag)).toEqual(['bad']);
  expect(activity.of('silent')).toEqual({ perMinute: new Array(60).fill(0), tags: [] });
  time += 5000 * MINUTE;
  expect(activity.of('edge')).toEqual({ perMinute: new Array(60).fill(0), tags: [] });
});

test('tags of five minutes are bounded: what comes beyond is counted together', () => {
  commit('edge', Object.fromEntries(Array.from({ length: 1200 }, (_, i) => [`tag-${i}`, 1])));
  const { tags } = activity.of('edge');
  expect(tags.length).toBe(1001);
  expect(tags[0]).toEqual({ tag: OTHER, added: 200 });
});
