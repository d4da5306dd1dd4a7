import type { ServerResponse } from 'node:http';
import type { CouicEvent } from '../../../src/events/event.ts';
import type { Redaction } from '../../../src/events/privacy.ts';
import type { BridgeView } from '../../../src/service/bridge-view.ts';
import type { ShownEvent } from './browser/shown-event.ts';
import { shownEvent } from './shown-event.ts';

/** Pages that follow events at the same time. */
const MOST_FOLLOWERS = 8;
/** Events of one message, and those that a page begins with. */
const MOST_EVENTS = 50;
/** Milliseconds from one message to the next. */
const PACE = 250;
/** Milliseconds after which a connection without events shows that it is alive. */
const HEARTBEAT = 15_000;

interface FollowOptions {
  readonly response: ServerResponse;
  readonly redact: Redaction;
  /** Whether whoever follows may still do so. */
  isAllowed(): boolean;
}

/** Events for pages that somebody looks at, as server-sent events. Each follower reads the log for itself, and nothing is kept for anybody. */
export class Live {
  readonly #bridge: Pick<BridgeView, 'newestEvents'>;
  readonly #onError: (error: unknown) => void;
  readonly #followers = new Set<AbortController>();

  constructor(bridge: Pick<BridgeView, 'newestEvents'>, onError: (error: unknown) => void) {
    this.#bridge = bridge;
    this.#onError = onError;
  }

  get isFull(): boolean {
    return this.#followers.size >= MOST_FOLLOWERS;
  }

  /** Tells until the other side goes, or may no longer know, or `close`. */
  async follow({ response, redact, isAllowed }: FollowOptions): Promise<void> {
    const end = new AbortController();
    this.#followers.add(end);
    response.once('close', () => end.abort());
    // The connection ends with it: one that is kept would hold up the end of the listener.
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', connection: 'close' });
    response.write('retry: 2000\n\n');
    const sending = new Sending(response);
    const heartbeat = setInterval(() => (isAllowed() ? sending.beat() : end.abort()), HEARTBEAT);
    try {
      for await (const { events, leftOut } of this.#bridge.newestEvents(MOST_EVENTS, end.signal)) {
        sending.add(events.map(redact), leftOut);
      }
    } catch (error) {
      if (!end.signal.aborted) this.#onError(error);
    } finally {
      clearInterval(heartbeat);
      sending.end();
      this.#followers.delete(end);
      response.end();
    }
  }

  /** Ends all of them. */
  close(): void {
    for (const end of this.#followers) end.abort();
  }
}

/** What waits to be sent to one follower: the newest events, so that one who reads slowly costs no more than these. */
class Sending {
  readonly #response: ServerResponse;
  #events: CouicEvent[] = [];
  #leftOut = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  add(events: readonly CouicEvent[], leftOut: boolean): void {
    this.#events.push(...events);
    this.#leftOut ||= leftOut || this.#events.length > MOST_EVENTS;
    this.#events.splice(0, this.#events.length - MOST_EVENTS);
    this.#timer ??= setTimeout(() => this.#flush(), PACE);
  }

  beat(): void {
    if (!this.#response.writableNeedDrain) this.#response.write(':\n\n');
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#response.writableNeedDrain) {
      this.#timer = setTimeout(() => this.#flush(), PACE);
      return;
    }
    const message: { events: ShownEvent[]; leftOut: boolean } = {
      events: this.#events.map(shownEvent),
      leftOut: this.#leftOut,
    };
    this.#events = [];
    this.#leftOut = false;
    this.#response.write(`data: ${JSON.stringify(message)}\n\n`);
  }
}
