import { describe, expect, it } from 'vitest';
import { type LeftOut, mapped } from '../../../../plugins/exporters/crowdsec/mapped.ts';
import type { Mapping } from '../../../../plugins/exporters/crowdsec/mapping.ts';
import type { SourcePoint } from '../../../../plugins/exporters/crowdsec/points.ts';

const GOOD = { name: 'dropped', unit: 'request', labels: { origin: 'CAPI' } };

function tried(result: unknown) {
  const left: LeftOut[] = [];
  const mapping = (typeof result === 'function' ? result : () => result) as Mapping;
  return { items: mapped(mapping, { metric: 'gate.blocked' } as SourcePoint, (item) => left.push(item)), left };
}

describe('a mapping', () => {
  it.each([
    [undefined, []],
    [GOOD, [GOOD]],
    [{ ...GOOD, value: -3 }, [{ ...GOOD, value: -3 }]],
    [[], []],
    [
      [GOOD, { name: 'own_gauge', unit: 'x' }],
      [GOOD, { name: 'own_gauge', unit: 'x' }],
    ],
  ])('may say %j', (result, items) => {
    expect(tried(result)).toEqual({ items, left: [] });
  });

  it.each([
    [null, 'mapping', 'its mapping returned null: an item is expected, a list of items, or undefined for none'],
    [
      'dropped',
      'mapping',
      'its mapping returned a string: an item is expected, a list of items, or undefined for none',
    ],
    [{ unit: 'x' }, 'name', 'its item has the name undefined: text is expected'],
    [{ ...GOOD, unit: '' }, 'unit', 'its item has the unit of no length: text is expected'],
    [{ ...GOOD, value: Number.NaN }, 'value', 'its item has the value NaN: a number is expected'],
    [{ ...GOOD, value: '4' }, 'value', 'its item has the value a string: a number is expected'],
    [{ ...GOOD, labels: null }, 'labels', 'its item has the labels null: an object is expected'],
    [{ ...GOOD, labels: { origin: undefined } }, 'origin', 'its label "origin" is undefined: text is expected'],
    [{ ...GOOD, labels: { origin: 7 } }, 'origin', 'its label "origin" is a number: text is expected'],
    [{ ...GOOD, labels: { origin: 'a', ip_type: null } }, 'ip_type', 'its label "ip_type" is null: text is expected'],
  ])('that says %j costs that item alone', (result, about, problem) => {
    const left = [{ metric: 'gate.blocked', about, problem }];
    expect(tried(result)).toEqual({ items: [], left });
    expect(tried([GOOD, result, GOOD])).toEqual({ items: [GOOD, GOOD], left });
  });

  it('may throw, and be async, at the cost of its own item', async () => {
    const thrown = tried(() => {
      throw new Error('no such key');
    });
    expect(thrown.left).toEqual([
      { metric: 'gate.blocked', about: 'mapping', problem: 'its mapping threw: no such key' },
    ]);
    // A rejection that nobody caught would end the program, and fail this test.
    const awaited = tried(() => Promise.reject(new Error('late')));
    expect(awaited.left).toEqual([
      { metric: 'gate.blocked', about: 'mapping', problem: 'its mapping is async, and an item is needed at once' },
    ]);
    expect([...thrown.items, ...awaited.items]).toEqual([]);
  });
});
