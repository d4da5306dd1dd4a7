import { beforeEach, describe, expect, it } from 'vitest';
import { Outbox } from '../../../../plugins/exporters/crowdsec/outbox.ts';
import { surplusQuarantined, surplusWaiting } from '../../../../plugins/exporters/crowdsec/outbox-bounds.ts';
import { decisionOf, type OutboxRecord, type SealedRecord } from '../../../../plugins/exporters/crowdsec/records.ts';

let outbox: Outbox;
beforeEach(() => {
  outbox = new Outbox();
});

/** What a snapshot and what the records say are the same, at every step. */
function apply(record: OutboxRecord): void {
  const { record: bytes } = decisionOf(record);
  outbox.apply({ record: bytes } as never);
  const restored = new Outbox();
  restored.restore(Array.from(outbox.snapshot(), (piece) => piece.slice()));
  const { recent: _, ...kept } = stateOf(outbox);
  const { recent: _gone, ...again } = stateOf(restored);
  expect(again).toEqual(kept);
}

function stateOf(of: Outbox) {
  const { state, waiting, quarantined, size, bytes, oldest, lastSentAt, recent } = of;
  const { baseline, owed, sources, lastNumber, dryRun, said } = state;
  const { gauges, places, lastSecond, lastAt } = said;
  const told = { gauges, places, lastSecond, lastAt };
  return {
    baseline,
    owed,
    sources,
    lastNumber,
    dryRun,
    told,
    waiting,
    quarantined,
    size,
    bytes,
    oldest,
    lastSentAt,
    recent,
  };
}

const bodyOf = (active: number, more = '') =>
  JSON.stringify({
    remediation_components: [
      {
        name: more,
        metrics: [
          { items: [{ name: 'dropped', unit: 'request', labels: { origin: 'a' }, value: 3 }] },
          { items: [{ name: 'active_decisions', unit: 'ip', labels: { origin: 'a' }, value: active }] },
        ],
      },
    ],
  });
const sealed = (
  number: number,
  more: Partial<SealedRecord> = {},
  window: Partial<SealedRecord['window']> = {},
): SealedRecord => ({
  type: 'sealed',
  at: number * 1000 + 500,
  changes: [],
  owed: [],
  ended: [],
  released: [],
  noted: [],
  window: { number, second: number, items: 2, body: bodyOf(7), dryRun: false, ...window },
  ...more,
});
const baseline = (more: object = {}): OutboxRecord => ({
  type: 'baseline',
  at: 9500,
  sources: ['x'],
  changes: [['k', 5, 1, 'x']],
  restart: true,
  dryRun: false,
  ...more,
});
const gauge = () => [...outbox.state.said.gauges.values()].map(({ value }) => value);

it('goes through all that becomes of windows', () => {
  apply(baseline());
  expect(outbox.state.said).toMatchObject({ lastSecond: 9, lastAt: 9500 });
  for (const number of [10, 11, 12]) apply(sealed(number, { changes: [['k', number, 1, 'x']] }));
  expect(outbox.waiting.map(({ number, sealedAt }) => [number, sealedAt])).toEqual([
    [10, 10_500],
    [11, 11_500],
    [12, 12_500],
  ]);
  expect([outbox.bytes, outbox.size, outbox.oldest?.number]).toEqual([3 * bodyOf(7).length, 3, 10]);
  expect([gauge(), outbox.state.lastNumber, outbox.state.said.lastSecond]).toEqual([[7], 12, 12]);

  apply({ type: 'sent', at: 20_000, number: 10 });
  expect([outbox.lastSentAt, outbox.find(10), outbox.size]).toEqual([20_000, undefined, 2]);
  expect(gauge()).toEqual([7]);
  apply({ type: 'quarantined', at: 21_000, number: 11, status: 422, message: 'no' });
  expect(outbox.find(11)).toMatchObject({ quarantinedAt: 21_000, status: 422, message: 'no', second: 11 });
  expect([gauge(), outbox.size]).toEqual([[null], 1]);
  // It goes back to where its number has it.
  apply({ type: 'resent', at: 22_000, number: 11 });
  expect(outbox.waiting.map(({ number }) => number)).toEqual([11, 12]);
  expect(outbox.quarantined).toEqual([]);
  expect(outbox.find(11)).not.toHaveProperty('status');

  apply(sealed(13));
  expect(gauge()).toEqual([7]);
  apply({ type: 'dropped', at: 23_000, number: 11, reason: 'max_age' });
  expect([gauge(), outbox.bytes]).toEqual([[null], 2 * bodyOf(7).length]);
  apply({ type: 'quarantined', at: 24_000, number: 12, status: 400, message: 'no' });
  apply({ type: 'dropped', at: 25_000, number: 12, reason: 'quarantine_full' });
  // What is not there any more changes nothing.
  for (const type of ['sent', 'resent'] as const) apply({ type, at: 26_000, number: 12 });
  apply({ type: 'quarantined', at: 26_000, number: 12, status: 400, message: 'no' });
  expect(outbox.waiting.map(({ number }) => number)).toEqual([13]);
  expect(outbox.quarantined).toEqual([]);
  expect(outbox.recent.all.map(({ number, sentAt }) => [number, sentAt])).toEqual([
    [10, 20_000],
    [11, null],
    [12, 26_000],
    [13, null],
  ]);
  for (const number of [14, 15]) apply(sealed(number, {}, { body: bodyOf(0) }));
  expect(outbox.recent.all.map(({ number }) => number)).toEqual([11, 12, 13, 14, 15]);
  expect(gauge()).toEqual([]);
});

it('keeps where counters stand, what is owed and who has a place', () => {
  const item = { name: 'dropped', unit: 'packet' };
  apply(
    sealed(1, {
      changes: [
        ['a', 1, 2, 'x'],
        ['b', 3, 4, 'y'],
      ],
      owed: [[item, -5]],
      noted: [
        ['x', 'o'],
        ['x', 'p'],
      ],
    }),
  );
  expect(outbox.state.baseline).toEqual(
    new Map([
      ['a', { value: 1, start: 2, source: 'x' }],
      ['b', { value: 3, start: 4, source: 'y' }],
    ]),
  );
  expect([...outbox.state.owed.values()]).toEqual([{ item, value: -5 }]);
  expect(outbox.state.said.places).toEqual(
    new Map([
      [
        'x',
        new Map([
          ['o', 1],
          ['p', 1],
        ]),
      ],
    ]),
  );
  const { window: _, ...nothing } = sealed(2, {
    ended: ['a'],
    released: [
      ['x', 'o'],
      ['z', 'q'],
    ],
  });
  apply(nothing);
  expect([[...outbox.state.baseline.keys()], outbox.state.owed.size, outbox.state.lastNumber]).toEqual([['b'], 0, 1]);
  expect(outbox.state.said.places).toEqual(new Map([['x', new Map([['p', 1]])]]));
  apply({ ...nothing, released: [['x', 'p']] });
  expect(outbox.state.said.places).toEqual(new Map());
  // Counting goes on for further sources, and begins anew for all.
  apply({ ...nothing, owed: [[item, -5]] });
  apply(baseline({ restart: false, at: 1_000_000 }));
  expect(outbox.state.owed.size).toBe(1);
  expect([[...outbox.state.baseline.keys()], [...outbox.state.sources], outbox.state.said.lastSecond]).toEqual([
    ['b', 'k'],
    ['x'],
    1,
  ]);
  apply(baseline({ restart: true, sources: ['y'], changes: [] }));
  expect(outbox.state.owed.size).toBe(0);
  expect([[...outbox.state.baseline.keys()], [...outbox.state.sources], gauge()]).toEqual([[], ['y'], [null]]);
});

it('forgets with a dry run what only that said, and never sends its windows', () => {
  apply(sealed(1, { noted: [['x', 'told']] }));
  apply(baseline({ restart: false, dryRun: true }));
  apply(sealed(2, { noted: [['x', 'shown']] }, { dryRun: true, body: bodyOf(9), second: 50 }));
  expect([gauge(), outbox.size, outbox.state.said.lastSecond]).toEqual([[9], 1, 50]);
  expect([...outbox.state.said.places.get('x')!.keys()]).toEqual(['told', 'shown']);
  // What becomes of windows from before the dry run is of LAPI's own.
  apply({ type: 'quarantined', at: 24_000, number: 1, status: 400, message: 'no' });
  expect(gauge()).toEqual([9]);
  apply(baseline({ restart: true, at: 3000 }));
  expect([gauge(), outbox.state.lastNumber, outbox.state.said.lastSecond]).toEqual([[null], 2, 3]);
  expect([...outbox.state.said.places.get('x')!.keys()]).toEqual(['told']);
});

describe('what is too much', () => {
  const surplus = (now: number, maxAge: number, maxBytes: number) =>
    surplusWaiting(outbox, { maxAge, maxBytes }, now).map(({ number, reason }) => `${number} ${reason}`);
  const length = bodyOf(7).length;
  beforeEach(() => {
    for (const number of [1, 2, 3]) apply(sealed(number));
  });

  it('is what waited longer than it may', () => {
    expect(surplus(2500 + 100, 100, 1e9)).toEqual(['1 max_age']);
    expect(surplus(2501 + 100, 100, 1e9)).toEqual(['1 max_age', '2 max_age']);
    expect(surplus(1e12, 100, 1e9)).toEqual(['1 max_age', '2 max_age', '3 max_age']);
    expect(surplus(1e12, 0, 1e9)).toEqual([]);
  });

  it('is what does not fit, but for the newest', () => {
    expect(surplus(4000, 0, 3 * length)).toEqual([]);
    expect(surplus(4000, 0, 3 * length - 1)).toEqual(['1 max_size']);
    expect(surplus(4000, 0, 2 * length - 1)).toEqual(['1 max_size', '2 max_size']);
    expect(surplus(4000, 0, 1)).toEqual(['1 max_size', '2 max_size']);
    expect(surplus(1601, 100, length)).toEqual(['1 max_age', '2 max_size']);
  });

  it('is what was refused before the newest hundred', () => {
    for (let number = 1; number <= 102; number++) {
      outbox.apply({ record: decisionOf(sealed(number)).record } as never);
      outbox.apply({
        record: decisionOf({ type: 'quarantined', at: 0, number, status: 400, message: '' }).record,
      } as never);
      if (number === 100) expect(surplusQuarantined(outbox)).toEqual([]);
    }
    expect(surplusQuarantined(outbox)).toEqual([1, 2]);
  });
});
