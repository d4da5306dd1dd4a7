import { systemSleep } from '../clock.ts';
import type { LogEngine } from './engine.ts';
import { LEASE_TOPIC } from './lease.ts';
import type { Entry, Position } from './log.ts';
import { StorageError } from './storage-error.ts';

/** A bridge that works on a log renews its lease well within this. */
const QUIET_MS = 11_000;

/**
 * Copies a log that nobody works on into a new one of another engine, with its identity, its positions, its newest snapshot and the
 * entries that readers still need: who goes on with that one goes on where this one stopped. The source stays as it is.
 * @returns how many entries were copied, and the last position.
 * @throws StorageError: what is left of the target then is refused by whoever opens it.
 */
export async function moveLog(
  source: LogEngine,
  target: LogEngine,
  sleep = systemSleep,
): Promise<{ entries: number; last: Position }> {
  if (!target.adopt)
    throw new StorageError('ERR_STORAGE_FOREIGN', 'the storage of that configuration takes no log over');
  const { snapshot } = await source.open();
  try {
    if ((await source.note()) !== undefined)
      throw new StorageError(
        'ERR_STORAGE_LOCKED',
        'an erasure is not finished: start the bridge once, which finishes it, stop it, and try again',
      );
    let last = snapshot?.position ?? 0;
    let renewals = 0;
    await source.follow(last + 1, {
      deliver({ position, topic }) {
        last = position;
        if (topic === LEASE_TOPIC) renewals++;
      },
    });
    if (source.isLast) {
      const before = renewals;
      await sleep(QUIET_MS);
      if (renewals > before)
        throw new StorageError('ERR_STORAGE_LOCKED', 'a bridge works on this log: stop all of them first');
    }
    const end = last;
    const first = Math.min(source.extents[0]?.first ?? end + 1, (snapshot?.position ?? 0) + 1);
    let entries = 0;
    const counted = (async function* () {
      for await (const entry of upTo(source, first, end)) {
        entries++;
        yield entry;
      }
    })();
    await target.adopt({ identity: source.identity, snapshot, first, entries: counted });
    return { entries, last: end };
  } finally {
    await source.close();
  }
}

async function* upTo(source: LogEngine, first: Position, last: Position): AsyncGenerator<Entry> {
  if (first > last) return;
  const end = new AbortController();
  for await (const entry of source.read(first, end.signal)) {
    if (entry.position > last) return;
    yield entry;
    if (entry.position === last) return;
  }
}
