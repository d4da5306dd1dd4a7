import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PackedRules } from '../../src/ledger/packed-rules.ts';
import { drawHashKey } from '../../src/ledger/rules/keyed-hash.ts';
import { Rules } from '../../src/ledger/rules/rules.ts';
import { ERASED, IPV6, REMOVE, wordsOf } from '../../src/report/packed.ts';

interface Told {
  readonly words: readonly number[];
  readonly tag: string | null;
}

/** The kind, in the upper half of the first word, is a number of a list that nobody has here. */
const told = fc
  .record({
    ipv6: fc.boolean(),
    kind: fc.nat({ max: 3 }),
    address: fc.integer(),
    tag: fc.constantFrom(null, 'a', 'b', 'c'),
  })
  .map(({ ipv6, kind, address, tag }) => ({
    kind,
    tag,
    words: [ipv6 ? IPV6 | (128 << 8) : 32 << 8, 0, 1000, 2000, 0, ...Array(ipv6 ? 4 : 1).fill(address)],
  }));

function contentOf({ words, tags }: { readonly words: Int32Array; readonly tags: readonly string[] }): Told[] {
  const all: Told[] = [];
  for (let at = 0; at < words.length; at += wordsOf(words[at]!)) {
    const [word0, tag, ...rest] = words.subarray(at, at + wordsOf(words[at]!)) as unknown as [number, number];
    all.push({ words: [word0, 0, ...rest], tag: tag === 0 ? null : tags[tag - 1]! });
  }
  return all;
}

test('they are a list, of which the first can be told and let go of, and any can be blanked, also after a restart', () => {
  const change = fc.oneof(
    fc.record({ come: fc.array(told, { maxLength: 300, size: 'max' }), removed: fc.boolean() }),
    fc.record({ go: fc.nat({ max: 300 }) }),
    fc.record({ erased: fc.constantFrom(null, 'a', 'b') }),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
      let rules = new PackedRules();
      const known = new Rules(drawHashKey());
      let model: Told[] = [];
      for (const each of changes) {
        if ('come' in each) {
          for (const { words, kind, tag } of each.come) {
            const chunk = Int32Array.from([0, ...words]);
            chunk[1]! |= kind << 16;
            const flag = each.removed ? REMOVE : 0;
            if (each.removed) {
              const rule = known.find(0, chunk, 1);
              rules.remove(known, rule === -1 ? known.add(0, chunk, 1, 7) : rule, tag);
            } else rules.add(chunk, 1, tag);
            model.push({ words: [words[0]! | flag, ...words.slice(1)], tag });
          }
        } else if ('go' in each) {
          const first = rules.first(each.go);
          expect(contentOf({ words: first, tags: rules.tags })).toEqual(model.slice(0, each.go));
          rules.drop(first.length);
          model = model.slice(each.go);
        } else {
          rules.blank((_words, _at, tag) => tag === each.erased);
          model = model.map(({ words, tag }) =>
            tag !== each.erased
              ? { words, tag }
              : { words: [words[0]! | ERASED, ...words.slice(1, 5), ...words.slice(5).fill(0)], tag: null },
          );
        }
        expect(contentOf(rules)).toEqual(model);
        expect(rules.count).toBe(model.length);
        const restored = new PackedRules();
        restored.restore(JSON.parse(JSON.stringify(rules.save())));
        expect(contentOf(restored)).toEqual(model);
        expect(restored.count).toBe(model.length);
        if (model.length % 2 === 0) rules = restored;
        // Names that nothing has any more are gone once all is told.
        if (model.length === 0) expect(restored.tags).toEqual([]);
      }
    }),
    { numRuns: 40 },
  );
});
