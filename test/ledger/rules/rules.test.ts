import { expect, test } from 'vitest';
import { drawHashKey } from '../../../src/ledger/rules/keyed-hash.ts';
import { NO_RULE, type Rule, Rules } from '../../../src/ledger/rules/rules.ts';
import { PAGE_BYTES } from '../../../src/ledger/rules/rules-snapshot.ts';
import { MAX_KEPT } from '../../../src/ledger/rules/tombstones.ts';
import { IGNORE, IPV6, packTimesHigh, wordsOf } from '../../../src/report/packed.ts';
import { randomNumbers } from '../../log/folds.ts';

interface Report {
  readonly instance: number;
  readonly words: Int32Array;
  readonly tag: number;
}

/** About a rule of its own: the first of both families are near each other, and some differ in one bit alone. */
function reportOf(n: number, expiration = 0): Report {
  const ipv6 = n % 2 === 1;
  const flags = (ipv6 ? IPV6 : 0) | (n % 3 === 0 ? IGNORE : 0);
  const creation = 2 ** 32 + n;
  const times = [creation | 0, expiration | 0, packTimesHigh(creation, expiration)];
  const address = ipv6 ? [0x20010db8, n % 7, 1 << (n % 31), n] : [n];
  const words = Int32Array.from([((ipv6 ? 128 : 32) << 8) | flags, 0, ...times, ...address]);
  return { instance: n % 5, words, tag: n % 65_536 };
}

const add = (rules: Rules, { instance, words, tag }: Report): Rule => rules.add(instance, words, 0, tag);
const find = (rules: Rules, { instance, words }: Report): Rule => rules.find(instance, words, 0);

/** What is known of a rule, as one text. */
function textOf(rules: Rules, rule: Rule): string {
  const words = new Int32Array(9);
  const length = rules.pack(rule, words, 0);
  return `${rules.instance(rule)} ${rules.policy(rule)} ${rules.tag(rule)} ${words.subarray(0, length)}`;
}

/** Numbers of those that are not held as their report says, or are held though they are gone. */
function wrong(rules: Rules, held: ReadonlyMap<number, Report>, upTo: number): number[] {
  return Array.from({ length: upTo }, (_, n) => n).filter((n) => {
    const report = held.get(n);
    const rule = find(rules, report ?? reportOf(n));
    if (!report) return rule !== NO_RULE;
    const { instance, words, tag } = report;
    return rule === NO_RULE || textOf(rules, rule) !== `${instance} ${(words[0]! & IGNORE) >> 1} ${tag} ${words}`;
  });
}

const MANY = 45_000;

test('tens of thousands come, go and are found, and a snapshot that is taken meanwhile has those of its moment', () => {
  const random = randomNumbers(1);
  const rules = new Rules(drawHashKey());
  const held = new Map<number, Report>();
  const put = (n: number) => {
    const report = reportOf(n, random() < 0.5 ? 0 : 2 ** 33 + Math.floor(random() * 50));
    held.set(n, report);
    return report;
  };
  for (let n = 0; n < MANY; n++) add(rules, put(n));
  for (let n = 0; n < MANY; n++) {
    if (random() < 0.7) continue;
    rules.end(find(rules, held.get(n)!));
    held.delete(n);
  }
  for (let n = 0; n < MANY; n += 4) if (!held.has(n)) add(rules, put(n));
  expect(wrong(rules, held, MANY)).toEqual([]);
  expect(rules.size).toBe(held.size);

  const then = new Map(held);
  const snapshot = rules.snapshot();
  expect(snapshot.pages.length).toBeGreaterThan(2);
  const changes: ((to: Rules) => void)[] = [];
  const change = () => {
    for (let i = 0; i < 3000; i++) {
      const n = Math.floor(random() * MANY * 1.2);
      const report = held.get(n);
      if (report) {
        held.delete(n);
        changes.push((to) => to.end(find(to, report)));
      } else {
        const next = put(n);
        changes.push((to) => void add(to, next));
      }
      changes.at(-1)!(rules);
    }
  };
  const restored = new Rules(drawHashKey());
  for (const page of snapshot.pages) {
    change();
    const into = new Uint8Array(PAGE_BYTES);
    restored.restorePage(page.table, into.subarray(0, snapshot.copyPage(page, into)));
  }
  snapshot.end();
  const each: Rule[] = [];
  restored.finishRestore(snapshot.tables, (rule) => each.push(rule));
  expect(wrong(restored, then, MANY)).toEqual([]);
  expect(restored.size).toBe(then.size);
  expect(new Set(each).size).toBe(then.size);

  // What came since gives rules of the same numbers, and they end in the same order.
  for (const apply of changes) apply(restored);
  for (const one of [rules, restored]) {
    expect(wrong(one, held, MANY * 1.2)).toEqual([]);
    expect(one.ending).toBe([...held.values()].filter(({ words }) => words[4]! >>> 16 !== 0).length);
  }
  const order = (one: Rules) => {
    const ended: string[] = [];
    for (const rule of one.due(Number.MAX_SAFE_INTEGER, MANY)) {
      ended.push(`${rule} ${one.expiration(rule)} ${textOf(one, rule)}`);
      one.end(rule);
    }
    return ended;
  };
  const ended = order(rules);
  expect(order(restored)).toEqual(ended);
  // Of each family, by their time and then by their number.
  const keys = ended.map((text) => text.split(' ', 2).map(Number) as [rule: number, time: number]);
  expect(keys).toEqual(keys.toSorted(([a, at], [b, bt]) => (a & 1) - (b & 1) || at - bt || a - b));
  expect([rules.ending, rules.nextEnd]).toEqual([0, Number.POSITIVE_INFINITY]);
});

test('those that were looked at ahead are found as others are, whichever instance asks', () => {
  const rules = new Rules(drawHashKey());
  const reports = Array.from({ length: 400 }, (_, n) => reportOf(n));
  for (const report of reports) if (report.instance === 0) add(rules, report);
  const all = Int32Array.from(reports.flatMap(({ words }) => [...words]));
  const found = () => {
    const each: boolean[] = [];
    for (let at = 0; at < all.length; at += wordsOf(all[at]!)) each.push(rules.find(0, all, at) !== NO_RULE);
    return each;
  };
  const before = found();
  expect(before.filter(Boolean)).toHaveLength(80);
  rules.prefetch(0, all);
  expect(found()).toEqual(before);
  rules.prefetch(1, all);
  expect(found()).toEqual(before);
});

test('removals that came early are kept apart by instance: very many of one push out its own oldest alone', () => {
  const rules = new Rules(drawHashKey());
  const early = (instance: number, n: number) => [instance, { ...reportOf(2 * n), instance }] as const;
  const bury = (instance: number, n: number, clock: number) =>
    rules.bury(instance, early(instance, n)[1].words, 0, clock);
  const isBuried = (instance: number, n: number) => rules.isBuried(instance, early(instance, n)[1].words, 0);
  bury(1, 0, 1000);
  bury(0, 0, 1000);
  for (let n = 1; n <= MAX_KEPT; n++) bury(0, n, 2000);
  expect([isBuried(0, 0), isBuried(0, 1), isBuried(0, MAX_KEPT), isBuried(1, 0)]).toEqual([false, true, true, true]);
  rules.forgetBuried(60_999);
  expect(isBuried(1, 0)).toBe(true);
  rules.forgetBuried(61_000);
  expect([isBuried(1, 0), isBuried(0, 1)]).toEqual([false, true]);
  rules.forgetBuried(62_000);
  expect(isBuried(0, 1)).toBe(false);
});
