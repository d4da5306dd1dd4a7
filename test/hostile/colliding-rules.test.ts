import { expect, test } from 'vitest';
import { keyedHash } from '../../src/ledger/rules/keyed-hash.ts';
import { RuleIndex } from '../../src/ledger/rules/rule-index.ts';
import { metaOf } from '../../src/ledger/rules/rule-meta.ts';
import { RuleTable } from '../../src/ledger/rules/rule-table.ts';
import { Tombstones } from '../../src/ledger/rules/tombstones.ts';
import { IPV6 } from '../../src/report/packed.ts';
import { meanProbes } from '../support/probes.ts';

/*
 * Addresses of one /64, chosen so that a table without a secret puts all of them into one place: 100,000 of them cost it
 * 88 s of CPU, and 50 s at each restart. Cost is counted here in entries that a search looks at, not in seconds.
 */
const META = metaOf(0, IPV6 | (128 << 8));
const PREFIX = [0x20010db8, 0x00c0ffee] as const;
const KEY = Int32Array.of(0x1234567, -89);
const OTHER_KEY = Int32Array.of(0x1234567, -90);

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;
const rotl = (x: number, n: number) => (x << n) | (x >>> (32 - n));
/** Murmur3's mixing of a word, as the table had it until November 2026: each step can be taken back. */
function mix(h: number, k: number): number {
  return (Math.imul(rotl(h ^ Math.imul(rotl(Math.imul(k, C1), 15), C2), 13), 5) + 0xe6546b64) | 0;
}

function inverse(odd: number): number {
  let result = odd;
  for (let i = 0; i < 5; i++) result = Math.imul(result, 2 - Math.imul(odd, result));
  return result;
}

/** The word that leads from one state to another. */
function unmix(h: number, result: number): number {
  const mixed = h ^ rotl(Math.imul(result - 0xe6546b64, inverse(5)), 19);
  return Math.imul(rotl(Math.imul(mixed, inverse(C2)), 17), inverse(C1));
}

function keyless(address: Int32Array, at: number): number {
  let h = META ^ 0x9e3779b9;
  for (let word = 0; word < 4; word++) h = mix(h, address[at + word]!);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** For any third word there is a fourth with which the address falls where all the others do. */
function collidingAddresses(count: number): Int32Array {
  const words = new Int32Array(4 * count);
  const network = mix(mix(META ^ 0x9e3779b9, PREFIX[0]), PREFIX[1]);
  for (let n = 0; n < count; n++) words.set([...PREFIX, n, unmix(mix(network, n), 0x5eed)], 4 * n);
  return words;
}

function indexOf(words: Int32Array, hash: (words: Int32Array, at: number) => number): RuleIndex {
  const index = new RuleIndex();
  for (let at = 0; at < words.length; at += 4) index.insert(hash(words, at), at / 4);
  return index;
}

function tableOf(words: Int32Array, key: Int32Array): RuleTable {
  const table = new RuleTable(4, key);
  for (let at = 0; at < words.length; at += 4) table.insert(table.hash(META, words, at), META, words, at, 1, at, 0);
  return table;
}

test('the attack works on a hash without a key', () => {
  expect(meanProbes(indexOf(collidingAddresses(2000), keyless))).toBeGreaterThan(1000);
});

test('100,000 addresses that collide without a key are strangers to each other with one, and all are found', () => {
  const words = collidingAddresses(100_000);
  const table = tableOf(words, KEY);
  expect(meanProbes(table.index)).toBeLessThan(8);
  let found = 0;
  for (let at = 0; at < words.length; at += 4)
    if (table.find(table.hash(META, words, at), META, words, at) === at / 4) found++;
  expect(found).toBe(100_000);
});

test('so are removals that wait for their add', () => {
  const words = collidingAddresses(20_000);
  const tombstones = new Tombstones(4, KEY);
  for (let at = 0; at < words.length; at += 4)
    tombstones.add(tombstones.table.hash(META, words, at), META, words, at, at, 0);
  expect(meanProbes(tombstones.table.index)).toBeLessThan(8);
});

test('whoever knew the key could do the same, and only with that key', () => {
  const address = Int32Array.of(...PREFIX, 0, 0);
  const crowded: number[] = [];
  for (let n = 0; crowded.length < 4 * 500; n++) {
    address[3] = n;
    const hash = keyedHash(KEY, META, address, 0, 4);
    if (hash >>> 24 === 7 && (hash & 63) === 9) crowded.push(...address);
  }
  const words = Int32Array.from(crowded);
  expect(meanProbes(tableOf(words, KEY).index)).toBeGreaterThan(20);
  expect(meanProbes(tableOf(words, OTHER_KEY).index)).toBeLessThan(8);
});
