import { expect, test } from 'vitest';
import { labelName, labelsOf } from '../../../src/telemetry/prometheus/labels.ts';

/** Printed by github.com/prometheus/otlptranslator v1.0.0 as the Collector v0.155.0 sets it up. */
test.each([
  ['couic.instance.name', 'couic_instance_name'],
  ['a..b', 'a__b'],
  ['2x', 'key_2x'],
  ['_x', '_x'],
  ['é.b', '__b'],
  ['__x__', '__x__'],
])('%s becomes %s', (key, name) => {
  expect(labelName(key)).toBe(name);
});

test('labels are sorted, and values that are no strings are written as JSON', () => {
  expect(labelsOf({ b: 200, a: 'x', c: true, d: [1, 2], e: undefined })).toEqual([
    ['a', 'x'],
    ['b', '200'],
    ['c', 'true'],
    ['d', '[1,2]'],
  ]);
});

test('keys that become one label share it in the order of the keys', () => {
  expect(labelsOf({ a_b: '2', 'a.b': '1' })).toEqual([['a_b', '1;2']]);
});

test('a key that is a label of Prometheus makes another one', () => {
  expect(labelsOf({ le: '1', quantile: 2, __name__: 'x', '': 'y' })).toEqual([
    ['exported_', 'y'],
    ['exported___name__', 'x'],
    ['exported_le', '1'],
    ['exported_quantile', '2'],
  ]);
});

test('an attribute wins over an extra label', () => {
  expect(
    labelsOf({ site: 'attribute' }, [
      ['site', 'constant'],
      ['env', 'lab'],
    ]),
  ).toEqual([
    ['env', 'lab'],
    ['site', 'attribute'],
  ]);
});
