import type { CouicEvent } from './event.ts';
import { onceEach } from './once-each.ts';
import type { Delivery, Failure } from './sink.ts';

/** An event as a protocol writes it. */
export interface EncodedEvent {
  readonly event: CouicEvent;
  readonly text: string;
  /** Of the text in UTF-8. */
  readonly bytes: number;
}

class EncodedText implements EncodedEvent {
  declare readonly event: CouicEvent;
  declare readonly text: string;
  declare readonly bytes: number;

  constructor(event: CouicEvent, text: string) {
    this.event = event;
    this.text = text;
    this.bytes = Buffer.byteLength(text);
  }
}

/** Writes each event once, however often it is asked how large it is, and sent. */
export function encodedOnce(encode: (event: CouicEvent) => string): (event: CouicEvent) => EncodedEvent {
  return onceEach((event) => new EncodedText(event, encode(event)));
}

/** What one request came to. */
export type PartOutcome = Delivery | Failure | Doubt;

/** It was refused as a whole: for one of its events, or for something that every request has. Nobody knows yet. */
interface Doubt {
  readonly doubt: Failure;
  /** It was refused for its size. */
  readonly tooLarge?: boolean;
  /** Place of the event, where the other side names it. */
  readonly at?: number | undefined;
}

export interface Parts {
  /** Bytes of the events of one request. A request that is too large makes it smaller, for those to come too. */
  most: number;
}

/** Single events that are refused, and none taken, before it is no longer their fault. */
const MOST_DOUBTED = 8;
/** Less than this is not too large for anything: who says so means something else. */
const LEAST = 1024;

/**
 * Delivers events in as few requests as their size allows, in order. A request that is refused as a whole is divided, until it
 * is known which event it was refused for: that one is set aside if others were taken. If none were, it may be that nothing is
 * wrong with the events, and all are kept.
 * @param request - sends some of them, and says what became of those.
 */
export async function deliverInParts(
  events: readonly EncodedEvent[],
  parts: Parts,
  request: (events: readonly EncodedEvent[]) => Promise<PartOutcome>,
): Promise<Delivery | Failure> {
  const waiting = bySize(events, parts.most).reverse();
  const refused: { event: CouicEvent; reason: string }[] = [];
  const again = new Set<CouicEvent>();
  const doubted: { event: CouicEvent; why: Failure }[] = [];
  let taken = 0;
  let failure: Failure | undefined;
  for (let part = waiting.pop(); part !== undefined; part = failure ? undefined : waiting.pop()) {
    const outcome = await request(part);
    if ('doubt' in outcome) {
      if (outcome.tooLarge) parts.most = Math.max(LEAST, Math.floor(sizeOf(part) / 2));
      if (part.length > 1) waiting.push(...divided(part, outcome.at));
      else doubted.push({ event: part[0]!.event, why: outcome.doubt });
      if (taken === 0 && doubted.length === MOST_DOUBTED) failure = outcome.doubt;
    } else if ('reason' in outcome) {
      for (const { event } of part) again.add(event);
      failure = outcome;
    } else {
      for (const event of outcome.again ?? []) again.add(event);
      refused.push(...(outcome.refused ?? []));
      taken += part.length - (outcome.again?.length ?? 0) - (outcome.refused?.length ?? 0);
      failure = outcome.failure;
    }
  }
  for (const { event } of waiting.flat()) again.add(event);
  for (const { event, why } of doubted) {
    if (taken > 0) refused.push({ event, reason: why.reason });
    else again.add(event);
  }
  if (again.size === 0) return { refused };
  failure ??= doubted[0]!.why;
  if (again.size === events.length) return failure;
  return { refused, again: events.map(({ event }) => event).filter((event) => again.has(event)), failure };
}

function bySize(events: readonly EncodedEvent[], most: number): EncodedEvent[][] {
  const groups: EncodedEvent[][] = [];
  let size = 0;
  for (const event of events) {
    if (groups.length === 0 || size + event.bytes > most) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(event);
    size += event.bytes;
  }
  return groups;
}

function sizeOf(events: readonly EncodedEvent[]): number {
  return events.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The event of that place alone, where there is one; else halves. The last comes first: they are taken from the end. */
function divided(events: readonly EncodedEvent[], at: number | undefined): EncodedEvent[][] {
  const named = at !== undefined && at in events;
  const cuts = named ? [0, at, at + 1] : [0, Math.ceil(events.length / 2)];
  const parts = cuts.map((cut, index) => events.slice(cut, cuts[index + 1]));
  return parts.filter((part) => part.length > 0).reverse();
}
