import { pino } from 'pino';
import { Health } from '../../../src/health.ts';
import { LedgerFold } from '../../../src/ledger/fold.ts';
import { LmdbStore } from '../../../src/storage/lmdb-store.ts';
import type { Fold, Journal } from '../../../src/storage/store.ts';
import { CLOCK } from './records.ts';

export interface StoreWithLedger {
  readonly store: LmdbStore;
  readonly fold: LedgerFold;
  readonly journal: Journal;
}

/** A real store with a ledger in it, loaded. @param watch - put between the two. */
export async function openStore(
  directory: string,
  minimumLogBytes: number,
  watch: (fold: Fold) => Fold = (fold) => fold,
): Promise<StoreWithLedger> {
  const clock = { now: () => CLOCK, monotonic: () => performance.now() };
  const logger = pino({ level: 'error' });
  const store = new LmdbStore({ directory, clock, health: new Health(), logger, minimumLogBytes });
  const fold = new LedgerFold();
  const journal = store.attach('ledger', watch(fold));
  await store.load();
  return { store, fold, journal };
}
