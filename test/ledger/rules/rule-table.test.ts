import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawHashKey } from '../../../src/ledger/rules/keyed-hash.ts';
import { metaOf, USED } from '../../../src/ledger/rules/rule-meta.ts';
import { RuleTable } from '../../../src/ledger/rules/rule-table.ts';

const step = fc.record({
  what: fc.constantFrom('insert', 'insert', 'remove', 'expire'),
  instance: fc.integer({ min: 0, max: 2 }),
  address: fc.integer({ min: -20, max: 20 }),
  tail: fc.integer({ min: 0, max: 1 }),
  expiration: fc.integer({ min: 0, max: 12 }).map((n) => (n > 8 ? 0 : n)),
});

test.each([1, 4] as const)('is a Map with an order by expiration (%i address words)', (words) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const table = new RuleTable(words, drawHashKey());
      const model = new Map<string, { creation: number; expiration: number }>();
      for (const [creation, { what, instance, address, tail, expiration }] of steps.entries()) {
        const meta = metaOf(instance, 32 << 8);
        const network = Int32Array.of(address, 0, 0, words === 4 ? tail : 0);
        const key = `${instance} ${network}`;
        const slot = table.find(table.hash(meta, network, 0), meta, network, 0);
        expect(slot >= 0).toBe(model.has(key));
        if (what === 'insert') {
          if (slot >= 0) table.remove(slot);
          table.insert(table.hash(meta, network, 0), meta, network, 0, 7, creation, expiration);
          model.set(key, { creation, expiration });
        } else if (what === 'remove' && slot >= 0) {
          expect(table.creation(slot)).toBe(model.get(key)!.creation);
          table.remove(slot);
          model.delete(key);
        } else if (what === 'expire') {
          const times = [...model.values()].map((rule) => rule.expiration).filter((time) => time > 0);
          const soonest = Math.min(...times);
          expect(table.heap.nextTime).toBe(soonest);
          if (times.length === 0) continue;
          const { creation: oldest } = { creation: table.creation(table.heap.nextSlot) };
          const expired = [...model].find(([, rule]) => rule.creation === oldest)!;
          expect(expired[1].expiration).toBe(soonest);
          table.remove(table.heap.nextSlot);
          model.delete(expired[0]);
        }
        expect(table.size).toBe(model.size);
      }
    }),
  );
});

test('of many rules that end at the same time the lower slot ends first, whatever was put in and taken out', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2499 }), { minLength: 200, maxLength: 400 }), (taken) => {
      const table = new RuleTable(1, drawHashKey());
      const hash = (words: Int32Array) => table.hash(USED, words, 0);
      const add = (address: number) => {
        const words = Int32Array.of(address);
        table.insert(hash(words), USED, words, 0, 0, 0, 1000);
      };
      const remove = (address: number) => {
        const words = Int32Array.of(address);
        table.remove(table.find(hash(words), USED, words, 0));
      };
      for (let address = 0; address < 2500; address++) add(address);
      // Places that are given back in any order are given out again in another.
      for (const address of new Set(taken)) remove(address);
      for (const address of new Set(taken)) add(address);
      const slots: number[] = [];
      while (table.heap.size > 0) {
        slots.push(table.heap.nextSlot);
        table.remove(table.heap.nextSlot);
      }
      expect(slots).toEqual(Array.from({ length: 2500 }, (_, slot) => slot));
    }),
    { numRuns: 10 },
  );
});

test('holds times beyond 2106', () => {
  const table = new RuleTable(1, drawHashKey());
  const slot = table.insert(1, USED, Int32Array.of(1), 0, 0, 2 ** 40 + 5, 2 ** 47 + 9);
  expect([table.creation(slot), table.expiration(slot)]).toEqual([2 ** 40 + 5, 2 ** 47 + 9]);
  expect(table.heap.nextTime).toBe(2 ** 47 + 9);
});
