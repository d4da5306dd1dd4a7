import { Gap, type Log } from '../log/log.ts';
import type { NewEvents } from '../service/bridge-view.ts';
import { eventsOf } from './decode.ts';
import type { CouicEvent } from './event.ts';

/** How far back events are looked for: not each entry has one, and some have thousands. */
interface Bounds {
  readonly entries: number;
  readonly bytes: number;
  /** Entries that whoever follows may be behind before it goes on with the newest ones. */
  readonly behind: number;
}

const BOUNDS: Bounds = { entries: 500, bytes: 256 * 1024, behind: 1000 };

/**
 * The newest events of the log, then those that come, as batches: for somebody who watches, not for whoever needs all of
 * them. It keeps nothing, and remembers no place.
 * @param most - of a batch; the newest ones of an entry with more.
 */
export async function* newestEvents(
  log: Pick<Log, 'extents' | 'read' | 'identity'>,
  most: number,
  signal: AbortSignal,
  bounds = BOUNDS,
): AsyncGenerator<NewEvents> {
  let from = startOf(log, bounds);
  let leftOut = from > firstOf(log);
  while (!signal.aborted) {
    try {
      for await (const entry of log.read(from, signal)) {
        from = entry.position + 1;
        const events: CouicEvent[] = [];
        for (const event of eventsOf(entry, log.identity.logId)) {
          events.push(event);
          if (events.length <= 2 * most) continue;
          events.splice(0, most);
          leftOut = true;
        }
        if (events.length > most) leftOut = true;
        if (events.length > 0) {
          yield { events: events.slice(-most), leftOut };
          leftOut = false;
        }
        if (lastOf(log) - entry.position <= bounds.behind) continue;
        from = startOf(log, bounds);
        leftOut = true;
        break;
      }
    } catch (error) {
      if (!(error instanceof Gap)) throw error;
      from = error.first;
      leftOut = true;
    }
  }
}

/** Where the newest entries begin. */
function startOf(log: Pick<Log, 'extents'>, bounds: Bounds): number {
  const last = lastOf(log);
  const newest = log.extents.at(-1);
  const each = newest && newest.last >= newest.first ? newest.bytes / (newest.last - newest.first + 1) : 0;
  const entries = Math.min(bounds.entries, Math.max(1, Math.floor(bounds.bytes / Math.max(each, 1))));
  return Math.max(firstOf(log), last - entries + 1);
}

function firstOf({ extents }: Pick<Log, 'extents'>): number {
  return extents.find(({ first, last }) => first <= last)?.first ?? lastOf({ extents }) + 1;
}

/** 0 when there is none. */
function lastOf({ extents }: Pick<Log, 'extents'>): number {
  return extents.at(-1)?.last ?? 0;
}
