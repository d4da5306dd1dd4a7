import { freeMemory } from '../free-memory.ts';
import { RulePage } from '../rules/rule-page.ts';
import type { RuleTable } from '../rules/rule-table.ts';
import { ruleKeyOf } from './apply-chunk.ts';
import type { InstanceTotals } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';

/*
 * A snapshot is the small state as JSON, in pieces, then the pages of all rule tables as they are in memory. The first
 * byte of a piece is 0 for JSON, else the number of the table plus one.
 */
const PIECE_BYTES = 512 * 1024;

interface SavedState {
  clock: number;
  createdAt: number;
  maxTags: number;
  maxKinds: number;
  tags: string[];
  kinds: string[];
  instances: ReturnType<InstanceTotals['save']>[];
  tables: { slots: number; free: number }[];
}

/** In the order of their numbers. */
function tablesOf(state: LedgerState): readonly RuleTable[] {
  return [state.ipv4, state.ipv6, state.tombstones.ipv4, state.tombstones.ipv6];
}

/** The state as of this call; records may be applied while the pieces are taken. */
export function snapshotState(state: LedgerState): Iterable<Uint8Array> {
  const tables = tablesOf(state);
  const saved: SavedState = {
    clock: state.clock,
    createdAt: state.createdAt,
    maxTags: state.tags.cap,
    maxKinds: state.kinds.cap,
    tags: state.tags.added(),
    kinds: state.kinds.added(),
    instances: state.instances.map((instance) => instance.save()),
    tables: tables.map(({ slots, free }) => ({ slots, free })),
  };
  const json = Buffer.from(JSON.stringify(saved), 'utf8');
  // What is to come: pieces of JSON, then the pages of each table.
  const todo: { table: number; number: number }[] = [];
  for (let number = 0; number * PIECE_BYTES < json.length; number++) todo.push({ table: -1, number });
  for (const [table, { pages }] of tables.entries()) {
    tables[table]!.beginSnapshot();
    for (const number of pages.keys()) todo.push({ table, number });
  }
  const copyPiece = (table: number, number: number, into: Uint8Array): number =>
    table < 0
      ? json.copy(into, 0, number * PIECE_BYTES, (number + 1) * PIECE_BYTES)
      : tables[table]!.snapshotPage(number, into);
  // One for all pieces: each is the store's only until it asks for the next.
  const frame = new Uint8Array(1 + Math.max(PIECE_BYTES, RulePage.byteLength(4)));
  let next = 0;
  const end = () => {
    next = todo.length;
    freeMemory(frame);
    for (const table of tables) table.endSnapshot();
  };
  // No generator: one that was never begun would not run its `finally` when the snapshot is given up.
  const iterator: Iterator<Uint8Array> = {
    next() {
      const item = todo[next++];
      if (item === undefined) {
        end();
        return { done: true, value: undefined };
      }
      const { table, number } = item;
      frame[0] = table + 1;
      return { done: false, value: frame.subarray(0, 1 + copyPiece(table, number, frame.subarray(1))) };
    },
    return() {
      end();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.iterator]: () => iterator };
}

/** @param state - new, with nothing applied. */
export function restoreState(state: LedgerState, pieces: Iterable<Uint8Array>): void {
  const tables = tablesOf(state);
  const json: Uint8Array[] = [];
  for (const framed of pieces) {
    const bytes = framed.subarray(1);
    if (framed[0] === 0) json.push(new Uint8Array(bytes));
    else tables[framed[0]! - 1]!.restorePage(bytes);
  }
  const saved = JSON.parse(Buffer.concat(json).toString('utf8')) as SavedState;
  state.clock = saved.clock;
  state.createdAt = saved.createdAt;
  state.tags.cap = saved.maxTags;
  state.kinds.cap = saved.maxKinds;
  state.tags.restore(saved.tags);
  state.kinds.restore(saved.kinds);
  for (const instance of saved.instances) state.instance(instance.name).restore(instance);
  for (const [i, table] of tables.entries()) {
    const rules = table === state.ipv4 || table === state.ipv6;
    const { slots, free } = saved.tables[i]!;
    table.finishRestore(slots, free, (slot) => {
      if (!rules) return;
      const meta = table.meta(slot);
      state.instances[meta >>> 16]!.addActive(ruleKeyOf(table, table.tag(slot), meta), 1);
    });
  }
}
