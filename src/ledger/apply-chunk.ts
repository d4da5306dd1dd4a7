import { creationOf, expirationOf, IGNORE, IPV6, REMOVE, wordsOf } from '../report/packed.ts';
import { type InstanceTotals, NO_KIND_NUMBER, OVERFLOW, type RuleKey, UNTAGGED_NUMBER } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';
import type { ChunkRecord } from './records.ts';
import { NO_RULE, type Rule, type Rules } from './rules/rules.ts';

/** Words of a chunk. */
const WORTH_PREFETCHING = 100;
/** Chunks whose tags times kinds stay below this are counted in an array before they go into the totals. */
const LOCAL_CELLS = 65_536;
let cells = new Float64Array(1024);

/** Counts the reports of a committed chunk and brings the rules up to date. The hot path's second half. */
export function applyChunk(state: LedgerState, record: ChunkRecord): void {
  const instance = state.instance(record.instance);
  instance.newest.apply(record.body);
  const { clock, words } = record;
  if (record.quarantined.length > 0) instance.quarantine(record.quarantined, clock);
  if (words.length === 0) return;
  instance.lastReport = clock;
  state.rules.forgetBuried(state.clock);

  // Numbers of the chunk's own lists to those of the ledger. Resolved only when a report uses them, since the scanner
  // may have listed a name of a report that then turned out not to be valid.
  const tags = new Int32Array(record.tags.length + 1).fill(-1);
  const kinds = new Int32Array(record.kinds.length + 1).fill(-1);
  tags[0] = UNTAGGED_NUMBER;
  kinds[0] = NO_KIND_NUMBER;

  const kindCells = kinds.length * 8;
  const local = tags.length * kindCells <= LOCAL_CELLS ? cellsOf(tags.length * kindCells) : null;
  const now = clock / 1000;
  const { lag } = instance;

  // Where the rules lie in memory is looked at for the whole chunk first.
  if (words.length > WORTH_PREFETCHING) state.rules.prefetch(instance.number, words);
  for (let at = 0; at < words.length; ) {
    const word0 = words[at]!;
    const tagIndex = words[at + 1]!;
    const kindIndex = word0 >>> 16;
    let tag = tags[tagIndex]!;
    if (tag < 0) tag = tags[tagIndex] = instance.tags.number(record.tags[tagIndex - 1]!, clock);
    let kind = kinds[kindIndex]!;
    if (kind < 0) kind = kinds[kindIndex] = instance.kinds.number(record.kinds[kindIndex - 1]!, clock);
    if (tag === 0) instance.overflows.add(OVERFLOW.tag, 1, clock);
    if (kind === 0) instance.overflows.add(OVERFLOW.kind, 1, clock);

    if (local !== null) local[tagIndex * kindCells + kindIndex * 8 + (word0 & 7)]!++;
    else instance.addReports(tag, kind, word0 & 7, 1, clock);

    if ((word0 & REMOVE) === 0) {
      lag.begin(clock);
      lag.add(Math.max(now - creationOf(words, at), 0));
      if (addRule(state.rules, instance, words, at, tag, clock)) instance.addPrefixLength(word0, clock);
    } else {
      removeRule(state.rules, instance, words, at, clock);
    }
    at += wordsOf(word0);
  }

  if (local !== null) flush(local, instance, tags, kinds, clock);
}

/** @returns whether it is a rule that was not known yet. */
function addRule(
  rules: Rules,
  instance: InstanceTotals,
  words: Int32Array,
  at: number,
  tag: number,
  clock: number,
): boolean {
  const creation = creationOf(words, at);
  const expiration = expirationOf(words, at);
  const removed = rules.takeBuried(instance.number, words, at);
  if (removed >= 0) {
    addLifetime(instance, policyOf(words[at]!), removed - creation, clock);
    return true;
  }
  const rule = rules.find(instance.number, words, at);
  if (rule !== NO_RULE) {
    // Couic refuses to add a network that it holds. So the old rule is gone there, unless this report is older than it.
    const held = rules.creation(rule);
    if (held > creation) return true;
    // Reconciliation brought this very rule before its report came.
    if (held === creation && rules.expiration(rule) === expiration && rules.tag(rule) === tag) return false;
    endRule(rules, instance, rule, clock);
  }
  const key = ruleKey(tag, words[at]!);
  if (expiration !== 0 && expiration * 1000 <= clock) {
    instance.expirations.add(key, 1, clock);
    instance.tellExpiredReport(words, at, tag);
    addLifetime(instance, policyOf(words[at]!), expiration - creation, clock);
    return true;
  }
  holdRule(rules, instance, words, at, tag, clock);
  return true;
}

/**
 * A rule comes into force. Beyond what the map of Couic has room for it is counted and not held: the report of it
 * is in the totals, but it neither shows as active nor expires.
 */
export function holdRule(
  rules: Rules,
  instance: InstanceTotals,
  words: Int32Array,
  at: number,
  tag: number,
  clock: number,
): boolean {
  const key = ruleKey(tag, words[at]!);
  if (!instance.hasRoom(key)) {
    instance.ruleOverflows.add(key & 3, 1, clock);
    return false;
  }
  rules.add(instance.number, words, at, tag);
  instance.addActive(key, 1);
  return true;
}

function removeRule(rules: Rules, instance: InstanceTotals, words: Int32Array, at: number, clock: number): void {
  const rule = rules.find(instance.number, words, at);
  if (rule !== NO_RULE) {
    const held = rules.creation(rule);
    const creation = creationOf(words, at);
    if (held === creation) {
      endRule(rules, instance, rule, clock);
      return;
    }
    // The removal of an earlier rule of this network; the one that is held came after it.
    if (held > creation) return;
  }
  rules.bury(instance.number, words, at, clock);
}

/** A rule leaves: as an expiry if its time was over, else as a removal. */
export function endRule(rules: Rules, instance: InstanceTotals, rule: Rule, clock: number): void {
  const expiration = rules.expiration(rule);
  const key = ruleKeyOf(rules, rule);
  const expired = expiration !== 0 && expiration * 1000 <= clock;
  if (expired) {
    instance.expirations.add(key, 1, clock);
    instance.tellExpired(rules, rule);
  }
  addLifetime(instance, rules.policy(rule), (expired ? expiration : clock / 1000) - rules.creation(rule), clock);
  instance.addActive(key, -1);
  instance.tags.hear(rules.tag(rule), clock);
  rules.end(rule);
}

export function ruleKeyOf(rules: Rules, rule: Rule): RuleKey {
  return (rules.tag(rule) << 2) | (rules.isIpv6(rule) ? 2 : 0) | rules.policy(rule);
}

/** @param word0 - of the rule's report. */
function ruleKey(tag: number, word0: number): RuleKey {
  return (tag << 2) | (word0 & IPV6 ? 2 : 0) | policyOf(word0);
}

function policyOf(word0: number): 0 | 1 {
  return ((word0 & IGNORE) >>> 1) as 0 | 1;
}

/** Couic's clock may be ahead of ours. */
function addLifetime(instance: InstanceTotals, policy: 0 | 1, seconds: number, clock: number): void {
  instance.lifetimes[policy].begin(clock);
  instance.lifetimes[policy].add(Math.max(seconds, 0));
}

function cellsOf(count: number): Float64Array {
  if (cells.length < count) cells = new Float64Array(count);
  else cells.fill(0, 0, count);
  return cells.subarray(0, count);
}

function flush(
  local: Float64Array,
  instance: InstanceTotals,
  tags: Int32Array,
  kinds: Int32Array,
  clock: number,
): void {
  let cell = 0;
  for (let tag = 0; tag < tags.length; tag++) {
    for (let kind = 0; kind < kinds.length; kind++) {
      for (let flags = 0; flags < 8; flags++, cell++) {
        const count = local[cell]!;
        if (count !== 0) instance.addReports(tags[tag]!, kinds[kind]!, flags, count, clock);
      }
    }
  }
}
