import type { Attributes } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { pointsOf } from '../../../../plugins/exporters/crowdsec/points.ts';
import type { SourcedMetrics } from '../../../../src/service/metric-source.ts';
import { collection, type TestMetric } from './points.ts';

const all = () => true;
const nobody = () => '';

function points(...metrics: TestMetric[]) {
  const unusable = new Map<string, string>();
  return { points: pointsOf(collection(...metrics), all, nobody, unusable), unusable: [...unusable.keys()] };
}

it('takes totals, increments and levels for what they are', () => {
  const kinds = (...metrics: TestMetric[]) => points(...metrics).points.map(({ kind, value }) => [kind, value]);
  expect(kinds({ name: 'a', points: [[{}, 5]] })).toEqual([['total', 5]]);
  expect(kinds({ name: 'a', delta: true, points: [[{}, 5]] })).toEqual([['increment', 5]]);
  expect(kinds({ name: 'a', kind: 'gauge', points: [[{}, -5]] })).toEqual([['level', -5]]);
  expect(kinds({ name: 'a', kind: 'updowncounter', points: [[{}, -5]] })).toEqual([['level', -5]]);
});

it('leaves out what cannot be told, and names it', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1])
    expect(points({ name: 'a', points: [[{}, value]] })).toEqual({ points: [], unusable: ['a'] });
  expect(points({ name: 'a', kind: 'updowncounter', delta: true, points: [[{}, 1]] })).toEqual({
    points: [],
    unusable: ['a'],
  });
  const histogram = collection({ name: 'a', points: [[{}, 1]] });
  (histogram.scopeMetrics[0]!.metrics[0] as { dataPointType: number }).dataPointType = 0;
  expect(pointsOf(histogram, all, nobody, new Map())).toEqual([]);
  expect(points({ name: 'a', points: [[{}, 0]] }).points).toHaveLength(1);
});

it('adds up equal series, and counts from the later of their starts, to the millisecond', () => {
  const same = (start: number, value: number): TestMetric => ({
    name: 'a',
    start,
    points: [[{ x: 'y', z: 1 }, value]],
  });
  const { points: added } = points(same(2500, 3), same(1999, 4));
  expect(added).toMatchObject([{ value: 7, start: 2500 }]);
  expect(points(same(1999, 4), same(2500, 3)).points).toMatchObject([{ value: 7, start: 2500 }]);
});

describe('series are told apart', () => {
  const key = (name: string, attributes: Attributes) => points({ name, points: [[attributes, 1]] }).points[0]!.key;

  it('by name and attributes, in any order of them, and by the type of a value', () => {
    expect(key('a', { x: '1', y: '2' })).toBe(key('a', { y: '2', x: '1' }));
    const keys = [key('a', {}), key('b', {}), key('a', { x: '1' }), key('a', { x: 1 }), key('a', { x: true })];
    expect(new Set([...keys, key('a', { x: 'true' }), key('a', { 'x\0\0': '1' }), key('a', { x: ['1'] })]).size).toBe(
      8,
    );
  });

  it('by resource and scope, where others measured', () => {
    const keyOf = (resource: Attributes, scope: { name: string; version?: string; attributes?: Attributes }) => {
      const given = collection({ name: 'a', points: [[{ x: '1' }, 1]] });
      const [first] = given.scopeMetrics;
      const scopeMetrics = [{ ...first!, scope, resource: { attributes: resource }, source: 'receiver/otlp' }];
      const asked: unknown[] = [];
      const [point] = pointsOf(
        { ...given, scopeMetrics: scopeMetrics as unknown as SourcedMetrics[] as never },
        (metric, attributes, from) => asked.push([metric, attributes, from]) > 0,
        (_attributes, metric, source) => `${source} ${metric}`,
        new Map(),
      );
      const from = { source: 'receiver/otlp', resource };
      expect(asked).toEqual([
        ['a', undefined, from],
        ['a', { x: '1' }, from],
      ]);
      expect(point).toMatchObject({ source: 'receiver/otlp a', resource });
      return point!.key;
    };
    const keys = [
      keyOf({}, { name: 's' }),
      keyOf({ host: 'a' }, { name: 's' }),
      keyOf({ host: 'b' }, { name: 's' }),
      keyOf({ host: 'a' }, { name: 't' }),
      keyOf({ host: 'a' }, { name: 's', version: '1' }),
      keyOf({ host: 'a' }, { name: 's', attributes: { x: 1 } }),
      key('a', { x: '1' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keyOf({ host: 'a' }, { name: 's', version: '' })).toBe(keys[1]);
    expect(keys[1]!.length - keys[6]!.length).toBe(25);
  });
});
