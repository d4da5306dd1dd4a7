import type { Clock } from '../clock.ts';
import { type Entry, type Extent, Gap, type Log } from '../log/log.ts';
import { type Cidr, formatCidr, maskWord } from '../report/cidr.ts';
import { cidrOf, creationOf, expirationOf, IGNORE, IPV6, wordsOf } from '../report/packed.ts';
import type { History, PastEvent } from '../service/admin/rules.ts';
import { dateOf, endOf } from './shown-rule.ts';
import { changeAt, type RuleChange, toldBy } from './told-rules.ts';

/** The newest events that are told; there may be more. */
const MOST_EVENTS = 100;
/** Milliseconds for which older parts of the log are read. */
const MOST_TIME = 2000;

/**
 * What the log still tells of a network, of those around it and of those inside: read from the newest part back, until there
 * are enough events or it took long. What the snapshot made superfluous is gone.
 */
export async function historyOf(
  log: Pick<Log, 'extents' | 'read'>,
  cidr: Cidr,
  clock: Pick<Clock, 'monotonic'>,
): Promise<History> {
  const deadline = clock.monotonic() + MOST_TIME;
  const extents = log.extents.filter(({ first, last }) => first <= last);
  let events: PastEvent[] = [];
  let from: number | null = null;
  let read = 0;
  for (const extent of extents.toReversed()) {
    if (events.length >= MOST_EVENTS || (read > 0 && clock.monotonic() > deadline)) break;
    try {
      const part = await readExtent(log, extent, cidr);
      events = [...part.events, ...events];
      from = part.from ?? from;
      read++;
    } catch (error) {
      // It was let go of meanwhile, and all before it.
      if (error instanceof Gap) return result(events, from, false);
      return { ...result(events, from, true), problem: (error as Error).message };
    }
  }
  return result(events, from, read < extents.length);
}

function result(events: readonly PastEvent[], from: number | null, partial: boolean): History {
  return { events: events.slice(-MOST_EVENTS), truncated: events.length > MOST_EVENTS, from, partial };
}

async function readExtent(
  log: Pick<Log, 'read'>,
  { first, last }: Extent,
  cidr: Cidr,
): Promise<{ events: PastEvent[]; from: number | null }> {
  const events: PastEvent[] = [];
  let from: number | null = null;
  const end = new AbortController();
  for await (const entry of log.read(first, end.signal)) {
    if (entry.position > last) break;
    from ??= entry.time;
    for (const event of eventsOf(entry, cidr)) events.push(event);
    // Of a network that is in the news all the time: what is older than the newest ones goes.
    if (events.length > 2 * MOST_EVENTS) events.splice(0, events.length - MOST_EVENTS - 1);
    if (entry.position === last) break;
  }
  return { events, from };
}

const WORDS = {
  added: 'added',
  removed: 'removed',
  expired: 'expired',
  brought_in: 'found',
  taken_out: 'gone',
} as const satisfies Record<RuleChange, PastEvent['what']>;

function* eventsOf(entry: Entry, cidr: Cidr): Generator<PastEvent> {
  const told = toldBy(entry);
  if (told === null) return;
  for (const rules of told.parts) {
    const { instance, words, tags, kinds } = rules;
    for (let at = 0; at < words.length; at += wordsOf(words[at]!)) {
      const change = changeAt(rules, at);
      if (change === null || !isRelated(words, at, cidr)) continue;
      const tag = words[at + 1]!;
      const kind = words[at]! >>> 16;
      yield {
        time: told.clock,
        instance,
        what: WORDS[change],
        policy: (words[at]! & IGNORE) === 0 ? 'drop' : 'ignore',
        network: formatCidr(cidrOf(words, at)),
        tag: tag === 0 ? null : tags[tag - 1]!,
        since: dateOf(creationOf(words, at)),
        until: endOf(expirationOf(words, at)),
        kind: kind === 0 ? null : kinds[kind - 1]!,
      };
    }
  }
}

/** Whether one of the two networks is a part of the other. */
function isRelated(reports: Int32Array, at: number, { ipv6, prefix, words }: Cidr): boolean {
  if (((reports[at]! & IPV6) !== 0) !== ipv6) return false;
  const common = Math.min(prefix, (reports[at]! >>> 8) & 0xff);
  for (let i = 0; i < words.length; i++) {
    const bits = common - 32 * i;
    if (maskWord(reports[at + 5 + i]!, bits) !== maskWord(words[i]!, bits)) return false;
  }
  return true;
}
