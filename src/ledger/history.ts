import type { Clock } from '../clock.ts';
import { type Entry, type Extent, Gap, type Log } from '../log/log.ts';
import { type Cidr, formatCidr, maskWord } from '../report/cidr.ts';
import { cidrOf, creationOf, ERASED, expirationOf, IGNORE, IPV6, REMOVE, wordsOf } from '../report/packed.ts';
import type { History, PastEvent } from '../service/admin/rules.ts';
import { decodeCorrections } from './correction-records.ts';
import { decodeChunk, decodeExpiredRules, kindOf, RECORD } from './records.ts';
import { dateOf, endOf } from './shown-rule.ts';

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

function* eventsOf({ topic, record }: Entry, cidr: Cidr): Generator<PastEvent> {
  if (topic !== 'ledger' && !topic.startsWith('couic/')) return;
  const kind = kindOf(record);
  if (kind === RECORD.expiredRules) {
    const { clock, parts } = decodeExpiredRules(record);
    for (const part of parts) yield* related({ ...part, clock, kinds: [] }, cidr, ['added', 'expired']);
  }
  if (kind === RECORD.chunk) yield* related(decodeChunk(record), cidr, ['added', 'removed']);
  else if (kind === RECORD.corrected)
    yield* related({ ...decodeCorrections(record), kinds: [] }, cidr, ['found', 'gone']);
}

interface Reports {
  readonly clock: number;
  readonly instance: string;
  readonly words: Int32Array;
  readonly tags: readonly string[];
  readonly kinds: readonly string[];
}

function* related(
  { clock, instance, words, tags, kinds }: Reports,
  cidr: Cidr,
  [come, gone]: readonly [PastEvent['what'], PastEvent['what']],
): Generator<PastEvent> {
  for (let at = 0; at < words.length; at += wordsOf(words[at]!)) {
    if ((words[at]! & ERASED) !== 0 || !isRelated(words, at, cidr)) continue;
    const word0 = words[at]!;
    const tag = words[at + 1]!;
    const kind = word0 >>> 16;
    yield {
      time: clock,
      instance,
      what: (word0 & REMOVE) === 0 ? come : gone,
      policy: (word0 & IGNORE) === 0 ? 'drop' : 'ignore',
      network: formatCidr(cidrOf(words, at)),
      tag: tag === 0 ? null : tags[tag - 1]!,
      since: dateOf(creationOf(words, at)),
      until: endOf(expirationOf(words, at)),
      kind: kind === 0 ? null : kinds[kind - 1]!,
    };
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
