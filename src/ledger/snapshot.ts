import { ruleKeyOf } from './apply-chunk.ts';
import type { InstanceTotals } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';
import type { RuleTable } from './rule-table.ts';

/*
 * A snapshot is the small state as JSON, in pieces, then the pages of both rule tables as they are in memory. The first
 * byte of a piece says which.
 */
const JSON_PIECE = 0;
const IPV4_PAGE = 1;
const IPV6_PAGE = 2;
const PIECE_BYTES = 512 * 1024;

interface SavedState {
  clock: number;
  createdAt: number;
  maxTags: number;
  maxKinds: number;
  tags: string[];
  kinds: string[];
  instances: ReturnType<InstanceTotals['save']>[];
  tombstones: ReturnType<LedgerState['tombstones']['save']>;
  tables: { slots: number; free: number }[];
}

/** The state as of this call; records may be applied while the pieces are taken. */
export function snapshotState(state: LedgerState): Iterable<Uint8Array> {
  const saved: SavedState = {
    clock: state.clock,
    createdAt: state.createdAt,
    maxTags: state.tags.cap,
    maxKinds: state.kinds.cap,
    tags: state.tags.added(),
    kinds: state.kinds.added(),
    instances: state.instances.map((instance) => instance.save()),
    tombstones: state.tombstones.save(),
    tables: [state.ipv4, state.ipv6].map(({ slots, free }) => ({ slots, free })),
  };
  const json = Buffer.from(JSON.stringify(saved), 'utf8');
  const ipv4Pages = state.ipv4.beginSnapshot();
  const ipv6Pages = state.ipv6.beginSnapshot();
  const jsonPieces = Math.ceil(json.length / PIECE_BYTES);
  const last = jsonPieces + ipv4Pages + ipv6Pages;
  let next = 0;
  const end = () => {
    next = last;
    state.ipv4.endSnapshot();
    state.ipv6.endSnapshot();
  };
  // No generator: one that was never begun would not run its `finally` when the snapshot is given up.
  const iterator: Iterator<Uint8Array> = {
    next() {
      if (next >= last) {
        end();
        return { done: true, value: undefined };
      }
      const number = next++;
      if (number < jsonPieces) {
        const at = number * PIECE_BYTES;
        return { done: false, value: piece(JSON_PIECE, json.subarray(at, at + PIECE_BYTES)) };
      }
      const page = number - jsonPieces;
      return {
        done: false,
        value:
          page < ipv4Pages
            ? piece(IPV4_PAGE, state.ipv4.snapshotPage(page))
            : piece(IPV6_PAGE, state.ipv6.snapshotPage(page - ipv4Pages)),
      };
    },
    return() {
      end();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.iterator]: () => iterator };
}

function piece(kind: number, bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(1 + bytes.length);
  framed[0] = kind;
  framed.set(bytes, 1);
  return framed;
}

/** @param state - new, with nothing applied. */
export function restoreState(state: LedgerState, pieces: Iterable<Uint8Array>): void {
  const json: Uint8Array[] = [];
  for (const framed of pieces) {
    const bytes = framed.subarray(1);
    if (framed[0] === JSON_PIECE) json.push(bytes.slice());
    else (framed[0] === IPV4_PAGE ? state.ipv4 : state.ipv6).restorePage(bytes);
  }
  const saved = JSON.parse(Buffer.concat(json).toString('utf8')) as SavedState;
  state.clock = saved.clock;
  state.createdAt = saved.createdAt;
  state.tags.cap = saved.maxTags;
  state.kinds.cap = saved.maxKinds;
  state.tags.restore(saved.tags);
  state.kinds.restore(saved.kinds);
  for (const instance of saved.instances) state.instance(instance.name).restore(instance);
  state.tombstones.restore(saved.tombstones);
  restoreTable(state, state.ipv4, saved.tables[0]!);
  restoreTable(state, state.ipv6, saved.tables[1]!);
}

function restoreTable(state: LedgerState, table: RuleTable, { slots, free }: { slots: number; free: number }): void {
  table.finishRestore(slots, free, (slot) => {
    const meta = table.meta(slot);
    state.instances[meta >>> 16]!.addActive(ruleKeyOf(table, table.tag(slot), meta), 1);
  });
}
