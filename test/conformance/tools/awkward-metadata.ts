import type { EventMetadata } from '../../../src/events/event.ts';

/** Free JSON that some store or other trips over: each once as `extra`, once as `detail`, once as `kind`. */
export function awkwardMetadata(): EventMetadata[] {
  const values = [
    { '': 1 },
    { '.': 1 },
    { 'a.b': 1, a: 2 },
    { 'a.': 1, '.a': 1, 'a..b': 1, ' ': 1 },
    { a: { b: 1 } },
    { a: 'text where an object was' },
    { a: null, b: [], c: [[1], { d: 2 }] },
    { a: 1e308, b: -0, c: 123_456_789_012_345_680_000 },
    { a: { '': { '': '' } } },
    JSON.parse('{"__proto__": {"x": 1}, "constructor": 1}'),
    { 'nul\0': 'nul\0', lone: '\ud800', '\ud800': 1 },
    { a: 'x'.repeat(16_000) },
    { ['k'.repeat(16_000)]: 1 },
    { ['é'.repeat(8000)]: 'é'.repeat(100) },
    JSON.parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`),
    JSON.parse(`${'['.repeat(8000)}${']'.repeat(8000)}`),
    Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`k${index}`, index])),
    { _id: 1, _source: 2, '@timestamp': 'no time', _msg: 'x', _time: 'y' },
    { date: '2020-01-01' },
    { date: 5 },
    { '*': 1, 'a*': { '?': 2 } },
    'text',
    '',
    5,
    true,
    [1, 'a', {}],
    [],
    {},
  ];
  return values.flatMap((value) => [
    { kind: 'manual', detail: 'detail', extra: value },
    { kind: 'manual', detail: value },
    { kind: value },
  ]);
}
