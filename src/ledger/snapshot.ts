import { ruleKeyOf } from './apply-chunk.ts';
import type { AttributeLimits } from './attribute-limits.ts';
import { freeMemory } from './free-memory.ts';
import type { InstanceTotals } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';
import { PAGE_BYTES, type SavedTable } from './rules/rules-snapshot.ts';

/*
 * A snapshot is the small state as JSON, in pieces, then the pages of all rule tables as they are in memory. The first
 * byte of a piece is 0 for JSON, else the number of the table plus one.
 */
const PIECE_BYTES = 512 * 1024;

interface SavedState {
  clock: number;
  createdAt: number;
  limits: AttributeLimits;
  tellsExpired: boolean;
  instances: ReturnType<InstanceTotals['save']>[];
  tables: readonly SavedTable[];
}

/** The state as of this call; records may be applied while the pieces are taken. */
export function snapshotState(state: LedgerState): Iterable<Uint8Array> {
  const rules = state.rules.snapshot();
  const saved: SavedState = {
    clock: state.clock,
    createdAt: state.createdAt,
    limits: state.limits,
    tellsExpired: state.tellsExpired,
    instances: state.instances.map((instance) => instance.save()),
    tables: rules.tables,
  };
  const json = Buffer.from(JSON.stringify(saved), 'utf8');
  // What is to come: pieces of JSON, then the pages of each table.
  const todo: (number | (typeof rules.pages)[number])[] = [];
  for (let number = 0; number * PIECE_BYTES < json.length; number++) todo.push(number);
  todo.push(...rules.pages);
  // One for all pieces: each is the store's only until it asks for the next.
  const frame = new Uint8Array(1 + Math.max(PIECE_BYTES, PAGE_BYTES));
  let next = 0;
  const end = () => {
    next = todo.length;
    freeMemory(frame);
    rules.end();
  };
  // No generator: one that was never begun would not run its `finally` when the snapshot is given up.
  const iterator: Iterator<Uint8Array> = {
    next() {
      const item = todo[next++];
      if (item === undefined) {
        end();
        return { done: true, value: undefined };
      }
      const into = frame.subarray(1);
      frame[0] = typeof item === 'number' ? 0 : item.table + 1;
      const length =
        typeof item === 'number'
          ? json.copy(into, 0, item * PIECE_BYTES, (item + 1) * PIECE_BYTES)
          : rules.copyPage(item, into);
      return { done: false, value: frame.subarray(0, 1 + length) };
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
  const json: Uint8Array[] = [];
  for (const framed of pieces) {
    const bytes = framed.subarray(1);
    if (framed[0] === 0) json.push(new Uint8Array(bytes));
    else state.rules.restorePage(framed[0]! - 1, bytes);
  }
  const saved = JSON.parse(Buffer.concat(json).toString('utf8')) as SavedState;
  state.clock = saved.clock;
  state.createdAt = saved.createdAt;
  state.limits = saved.limits;
  state.tellsExpired = saved.tellsExpired;
  for (const instance of saved.instances) state.instance(instance.name).restore(instance);
  const { rules } = state;
  rules.finishRestore(saved.tables, (rule) => {
    state.instances[rules.instance(rule)]!.addActive(ruleKeyOf(rules, rule), 1);
  });
}
