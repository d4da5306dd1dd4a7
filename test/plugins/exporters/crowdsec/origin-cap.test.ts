import { expect, it } from 'vitest';
import { OriginCap } from '../../../../plugins/exporters/crowdsec/origin-cap.ts';

const DAY = 86_400;
const of = (origin: string) => ({ name: 'dropped', unit: 'report', labels: { origin } });

/** One place for each source, with who has it since when. */
function capAt(second: number, origin: string, noted: number): OriginCap {
  const known = new Map([['edge', new Map([[origin, noted]])]]);
  return new OriginCap(known, { most: 1, other: 'other', reserved: ['bare'], second });
}

it('who speaks again after eight days keeps its place, though another one speaks first', () => {
  const cap = capAt(20 * DAY, 'old', 11 * DAY);
  for (const origin of ['new', 'old']) cap.hear('edge', of(origin));
  cap.release();
  expect(cap.released).toEqual([]);
  expect(cap.place('edge', of('new'))).toEqual(of('other'));
  expect(cap.place('edge', of('old'))).toEqual(of('old'));
  expect(cap.noted).toEqual([['edge', 'old']]);
});

it('who does not, gives it back after eight days and not sooner', () => {
  for (const [days, placed] of [
    [8, 'other'],
    [8 + 1 / DAY, 'new'],
  ] as const) {
    const cap = capAt(20 * DAY, 'old', (20 - days) * DAY);
    cap.hear('edge', of('new'));
    cap.release();
    expect(cap.place('edge', of('new'))).toEqual(of(placed));
    expect(cap.released).toEqual(placed === 'new' ? [['edge', 'old']] : []);
  }
});

it('a place is noted once a day, and again where it was noted in what is now the future', () => {
  for (const [noted, times] of [
    [20 * DAY - DAY + 1, 0],
    [20 * DAY - DAY, 1],
    [20 * DAY + DAY - 1, 0],
    [20 * DAY + DAY, 1],
  ] as const) {
    const cap = capAt(20 * DAY, 'old', noted);
    cap.hear('edge', of('old'));
    expect(cap.noted).toHaveLength(times);
  }
});

it('a reserved origin, the shared one, and an item without any take no place', () => {
  const cap = capAt(20 * DAY, 'old', 20 * DAY);
  for (const origin of ['bare', 'other']) expect(cap.place('edge', of(origin))).toEqual(of(origin));
  expect(cap.place('edge', { name: 'dropped', unit: 'report' })).toEqual({ name: 'dropped', unit: 'report' });
  expect(cap.noted).toEqual([]);
});
