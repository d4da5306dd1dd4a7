import { creationOf, expirationOf, IGNORE, IPV6, REMOVE, WORDS_IPV4, WORDS_IPV6 } from '../report/packed.ts';
import { USED } from '../rules/rule-page.ts';
import type { RuleTable, Tail } from '../rules/rule-table.ts';
import { type InstanceTotals, PREFIXES } from './instance-totals.ts';
import { type LedgerState, NO_KIND_NUMBER, UNTAGGED_NUMBER } from './ledger-state.ts';
import type { ChunkRecord } from './records.ts';

/** Words of a chunk. */
const WORTH_PREFETCHING = 100;
const NO_TAIL: Tail = [0, 0, 0];
/** Chunks whose tags times kinds stay below this are counted in an array before they go into the totals. */
const LOCAL_CELLS = 65_536;
let cells = new Float64Array(1024);

/** Counts the reports of a committed chunk and brings the rules up to date. The hot path's second half. */
export function applyChunk(state: LedgerState, record: ChunkRecord): void {
  const instance = state.instance(record.instance);
  instance.heads.apply(record.head);
  const { words } = record;
  if (words.length === 0) return;
  instance.lastReport = Math.max(instance.lastReport, record.clock);
  state.tombstones.expire(state.clock);

  // Numbers of the chunk's own lists to those of the ledger. Resolved only when a report uses them, since the scanner
  // may have listed a name of a report that then turned out not to be valid.
  const tags = new Int32Array(record.tags.length + 1).fill(-1);
  const kinds = new Int32Array(record.kinds.length + 1).fill(-1);
  tags[0] = UNTAGGED_NUMBER;
  kinds[0] = NO_KIND_NUMBER;

  const kindCells = kinds.length * 8;
  const local = tags.length * kindCells <= LOCAL_CELLS ? cellsOf(tags.length * kindCells) : null;
  const now = record.clock / 1000;
  const { lag, prefixLengths } = instance;

  if (words.length > WORTH_PREFETCHING) prefetch(state.ipv4, instance.number, words);
  for (let at = 0; at < words.length; ) {
    const word0 = words[at]!;
    const tagIndex = words[at + 1]!;
    const kindIndex = word0 >>> 16;
    let tag = tags[tagIndex]!;
    if (tag < 0) tag = tags[tagIndex] = state.tags.number(record.tags[tagIndex - 1]!);
    let kind = kinds[kindIndex]!;
    if (kind < 0) kind = kinds[kindIndex] = state.kinds.number(record.kinds[kindIndex - 1]!);
    if (tag === 0) instance.overflows[0]++;
    if (kind === 0) instance.overflows[1]++;

    if (local !== null) local[tagIndex * kindCells + kindIndex * 8 + (word0 & 7)]!++;
    else instance.addReports((tag << 11) | (kind << 3) | (word0 & 7), 1);

    const ipv6 = (word0 & IPV6) !== 0;
    const table = ipv6 ? state.ipv6 : state.ipv4;
    const ignore = (word0 & IGNORE) >>> 1;
    const meta = metaOf(instance.number, word0);
    const address = words[at + 5]!;
    const tail: Tail = ipv6 ? [words[at + 6]!, words[at + 7]!, words[at + 8]!] : NO_TAIL;
    const creation = creationOf(words, at);
    if ((word0 & REMOVE) === 0) {
      lag.add(Math.max(now - creation, 0));
      prefixLengths[((ipv6 ? 2 : 0) | ignore) * PREFIXES + ((word0 >>> 8) & 0xff)]!++;
      addRule(state, instance, table, meta, address, tail, tag, creation, expirationOf(words, at), record.clock);
    } else {
      removeRule(state, instance, table, meta, address, tail, creation, record.clock);
    }
    at += ipv6 ? WORDS_IPV6 : WORDS_IPV4;
  }

  if (local !== null) flush(local, instance, tags, kinds);
}

/** Where the rules lie in memory is looked at for the whole chunk first; see RuleTable.prefetch. */
function prefetch(table: RuleTable, instance: number, words: Int32Array): void {
  for (let at = 0; at < words.length; ) {
    const word0 = words[at]!;
    if ((word0 & IPV6) !== 0) {
      at += WORDS_IPV6;
      continue;
    }
    table.prefetch(metaOf(instance, word0), words[at + 5]!);
    at += WORDS_IPV4;
  }
}

/** As rule-page.ts has it. */
function metaOf(instance: number, word0: number): number {
  return ((instance << 16) | (word0 & 0xff00) | USED | ((word0 & IGNORE) >>> 1)) >>> 0;
}

function addRule(
  state: LedgerState,
  instance: InstanceTotals,
  table: RuleTable,
  meta: number,
  address: number,
  tail: Tail,
  tag: number,
  creation: number,
  expiration: number,
  clock: number,
): void {
  const ruleKey = ruleKeyOf(table, tag, meta);
  const policy = meta & 1;
  const removed = state.tombstones.take(table === state.ipv6, meta, address, tail, creation);
  if (removed >= 0) {
    addLifetime(instance, policy, removed - creation);
    return;
  }
  const slot = table.find(meta, address, tail);
  if (slot >= 0) {
    // Couic refuses to add a network that it holds. So the old rule is gone there, unless this report is older than it.
    const held = table.creation(slot);
    if (held > creation) return;
    // Reconciliation brought this very rule before its report came.
    if (held === creation && table.expiration(slot) === expiration && table.tag(slot) === tag) return;
    endRule(instance, table, slot, clock);
  }
  if (expiration !== 0 && expiration * 1000 <= clock) {
    instance.addExpiration(ruleKey);
    addLifetime(instance, policy, expiration - creation);
    return;
  }
  table.insert(meta, address, tail, tag, creation, expiration);
  instance.addActive(ruleKey, 1);
}

function removeRule(
  state: LedgerState,
  instance: InstanceTotals,
  table: RuleTable,
  meta: number,
  address: number,
  tail: Tail,
  creation: number,
  clock: number,
): void {
  const slot = table.find(meta, address, tail);
  if (slot >= 0) {
    const held = table.creation(slot);
    if (held === creation) {
      endRule(instance, table, slot, clock);
      return;
    }
    // The removal of an earlier rule of this network; the one that is held came after it.
    if (held > creation) return;
  }
  state.tombstones.add(table === state.ipv6, meta, address, tail, creation, clock);
}

/** A rule leaves: as an expiry if its time was over, else as a removal. */
export function endRule(instance: InstanceTotals, table: RuleTable, slot: number, clock: number): void {
  const meta = table.meta(slot);
  const expiration = table.expiration(slot);
  const key = ruleKeyOf(table, table.tag(slot), meta);
  const expired = expiration !== 0 && expiration * 1000 <= clock;
  if (expired) instance.addExpiration(key);
  addLifetime(instance, meta & 1, (expired ? expiration : clock / 1000) - table.creation(slot));
  instance.addActive(key, -1);
  table.remove(slot);
}

export function ruleKeyOf(table: RuleTable, tag: number, meta: number): number {
  return (tag << 2) | (table.addressWords === 4 ? 2 : 0) | (meta & 1);
}

/** Couic's clock may be ahead of ours. */
function addLifetime(instance: InstanceTotals, policy: number, seconds: number): void {
  instance.lifetimes[policy as 0 | 1].add(Math.max(seconds, 0));
}

function cellsOf(count: number): Float64Array {
  if (cells.length < count) cells = new Float64Array(count);
  else cells.fill(0, 0, count);
  return cells.subarray(0, count);
}

function flush(local: Float64Array, instance: InstanceTotals, tags: Int32Array, kinds: Int32Array): void {
  let cell = 0;
  for (let tag = 0; tag < tags.length; tag++) {
    for (let kind = 0; kind < kinds.length; kind++) {
      for (let flags = 0; flags < 8; flags++, cell++) {
        const count = local[cell]!;
        if (count !== 0) instance.addReports((tags[tag]! << 11) | (kinds[kind]! << 3) | flags, count);
      }
    }
  }
}
