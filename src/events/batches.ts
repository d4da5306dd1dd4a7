import type { Sleep } from '../clock.ts';
import type { Position } from '../log/log.ts';
import type { EventFeed } from '../service/component.ts';
import { eventsOf } from './decode.ts';
import type { CouicEvent } from './event.ts';
import type { Redaction } from './privacy.ts';

/** Events that go together. */
export interface Batch {
  readonly events: readonly CouicEvent[];
  /** Everything up to here is in this batch or in one before it. */
  readonly through: Position;
}

interface BatchOptions {
  readonly feed: EventFeed;
  readonly redact: Redaction;
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly sizeOf: (event: CouicEvent) => number;
  readonly sleep: Sleep;
}

/** How long an event waits for others to go with it, ms. */
const LINGER = 100;
const ENOUGH = 'enough';
/** Entries without an event after which that is told, so that they are not kept for ever. */
const SILENT_ENTRIES = 512;

/**
 * What the log has, and then what comes, in batches. Reads ahead by no more than one batch.
 * @throws Gap, see Reader.
 */
export async function* readBatches(options: BatchOptions, signal: AbortSignal): AsyncGenerator<Batch, void> {
  const { feed, redact, maxEvents, maxBytes, sizeOf, sleep } = options;
  const instances = new Set(feed.instances);
  const ending = new AbortController();
  const end = () => ending.abort();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const entries = feed.reader.read(ending.signal)[Symbol.asyncIterator]();
  let through = feed.reader.position;
  let told = through;
  let events: CouicEvent[] = [];
  let bytes = 0;
  const take = (): Batch => {
    const batch = { events, through };
    [events, bytes, told] = [[], 0, through];
    return batch;
  };
  try {
    for (;;) {
      const pending = entries.next();
      let next = await (events.length === 0 ? pending : soon(pending, sleep));
      if (next === undefined) {
        yield take();
        next = await pending;
      }
      if (next.done) break;
      for (const event of eventsOf(next.value, feed.logId)) {
        if (!instances.has(event.instance)) continue;
        const redacted = redact(event);
        events.push(redacted);
        bytes += sizeOf(redacted);
        if (events.length >= maxEvents || bytes >= maxBytes) yield take();
      }
      through = next.value.position;
      if (events.length === 0 && through - told >= SILENT_ENTRIES) yield take();
    }
    if (events.length > 0) yield take();
  } finally {
    signal.removeEventListener('abort', end);
    end();
    await entries.return?.();
  }
}

/** @returns undefined when it takes longer than others may be waited for. */
async function soon<Value>(pending: Promise<Value>, sleep: Sleep): Promise<Value | undefined> {
  const over = new AbortController();
  pending.catch(() => {});
  try {
    return await Promise.race([pending, sleep(LINGER, over.signal).then(() => undefined)]);
  } finally {
    // With a reason of our own: making the usual one, an error with its stack, takes longer than most of the rest.
    over.abort(ENOUGH);
  }
}
