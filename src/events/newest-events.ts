import { Gap, type Log } from '../log/log.ts';
import type { NewEvents } from '../service/bridge-view.ts';
import { eventsOf } from './decode.ts';
import type { CouicEvent } from './event.ts';

/** Entries of the log that whoever follows may be behind before it goes to the newest ones. */
const MOST_BEHIND = 100;

/**
 * The newest events of the log, then those that come, as batches: for somebody who watches, not for whoever needs all of
 * them. It keeps nothing, and remembers no place.
 * @param most - of a batch; the newest ones of an entry with more.
 */
export async function* newestEvents(
  log: Pick<Log, 'extents' | 'read' | 'identity'>,
  most: number,
  signal: AbortSignal,
): AsyncGenerator<NewEvents> {
  let from = startOf(log, most);
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
        if (lastOf(log) - entry.position <= MOST_BEHIND) continue;
        from = lastOf(log) - most;
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

/** Each entry has at least one event, or is of something else. */
function startOf(log: Pick<Log, 'extents'>, most: number): number {
  return Math.max(firstOf(log), lastOf(log) - most + 1);
}

function firstOf({ extents }: Pick<Log, 'extents'>): number {
  return extents.find(({ first, last }) => first <= last)?.first ?? lastOf({ extents }) + 1;
}

/** 0 when there is none. */
function lastOf({ extents }: Pick<Log, 'extents'>): number {
  return extents.at(-1)?.last ?? 0;
}
