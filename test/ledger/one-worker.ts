import type { Attempt } from '../../src/ledger/attempt.ts';
import type { BridgeLedger } from '../../src/ledger/bridge-ledger.ts';
import type { IngestResult } from '../../src/ledger/ledger.ts';
import { type ManualClock, pieces, reportText, sourceOf, split } from '../support/ledger.ts';

/** A connection of a test. */
export interface Line {
  readonly acceptedAt: number;
  lastActive: number;
  requests: number;
}

/** What the receiver would say of requests, on connections that a test opens itself. */
export class Receiver {
  readonly clock: ManualClock;
  /** When the event loop was late last. */
  late = Number.NEGATIVE_INFINITY;

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  connect(): Line {
    const now = this.clock.monotonic();
    return { acceptedAt: now, lastActive: now, requests: 0 };
  }

  /** The head of a request is read. */
  head(connection: Line): Attempt {
    const now = this.clock.monotonic();
    const silentSince = connection.lastActive;
    connection.lastActive = now;
    return {
      connection,
      acceptedAt: connection.acceptedAt,
      silentSince,
      arrivedAt: connection.requests++ === 0 ? connection.acceptedAt : now,
      beganAt: now,
      answeredAt: undefined,
      wasLateSince: (time) => this.late >= time,
    };
  }

  /** Posts a body and answers it, as far as it is taken, on a connection that is open. */
  async post(ledger: BridgeLedger, body: string, connection: Line): Promise<IngestResult> {
    const attempt = this.head(connection);
    const result = await ledger.ingest('couic', pieces(body), { attempt });
    attempt.answeredAt = this.clock.monotonic();
    connection.lastActive = attempt.answeredAt;
    return result;
  }
}

/** One step of the worker: some reports came, and it sends all that is not answered. */
export interface Step {
  /** Reports that have come since, as places in a small pool: equal bodies are to be frequent. */
  fresh: readonly number[];
  /** Share of the body that arrives, unless it is answered. */
  arrives: number;
  pieceLength: number;
  outcome: Outcome;
  /** After an answer, ms. */
  pause: number;
}

export const OUTCOMES = [
  'answered',
  'answered',
  'answered',
  // The sender does not hear of it, though it went out to a connection that seemed open.
  'answer lost',
  // It went out after the sender had left.
  'answered too late',
  'cut off',
  // It stands still in the middle; the retry comes, and then the rest of it.
  'tail after the retry',
  // All of it is under way, and comes when the retry was answered.
  'overtaken',
  'commit fails',
  // The process stops, the sender gives up, and all that waited is read at once.
  'stopped for 4 s',
  'restarted before the answer',
  'restarted after the answer',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What the tests of the sender need of a bridge. */
export interface Bridge {
  readonly ledger: BridgeLedger;
  restart(): Promise<void>;
  failCommits(fail: boolean): void;
}

const TIMEOUT_MS = 2000;
const BACKOFF_MS = 1000;

/**
 * Couic's reporting worker, in the words of its source: it sends what it has, and as long as that is not answered with 2xx
 * it waits 1 s or more and sends the same, followed by what came meanwhile.
 */
export class OneWorker {
  readonly #bridge: Bridge;
  readonly #receiver: Receiver;
  readonly #clock: ManualClock;
  #connection: Line;
  #unanswered: string[] = [];
  /** A body that was given up and has not arrived, and its connection. */
  #underWay: { body: string; connection: Line } | null = null;
  /** What becomes of a request that hangs. */
  #tails: (() => void)[] = [];
  /** The body that was answered last. */
  #answered = '{}';
  /** Reports that were made. */
  made = 0;

  constructor(bridge: Bridge, clock: ManualClock) {
    this.#bridge = bridge;
    this.#clock = clock;
    this.#receiver = new Receiver(clock);
    this.#connection = this.#receiver.connect();
  }

  async step({ fresh, arrives, pieceLength, outcome, pause }: Step): Promise<void> {
    for (const n of fresh) this.#make(n);
    if (this.#unanswered.length === 0) return;
    const body = `[${this.#unanswered.join(',')}]`;
    // Of a body that begins like the one before, the bridge must have seen something in time: that is a limit.
    const isTwin = body.startsWith(this.#answered.slice(0, -1));
    if (outcome === 'overtaken' && this.#underWay === null && !isTwin) {
      this.#underWay = { body, connection: this.#connection };
      return this.#giveUp(TIMEOUT_MS);
    }
    const attempt = this.#receiver.head(this.#connection);
    if (outcome === 'cut off' || outcome === 'tail after the retry') {
      const cut = Math.floor(body.length * arrives);
      const isCut = outcome === 'cut off';
      const parts = isCut ? cutOff(body, cut, pieceLength) : this.#tailLater(body, cut, pieceLength);
      const taken = this.#bridge.ledger.ingest('couic', sourceOf(parts), { attempt }).catch(() => {});
      // What arrived is looked at before the retry comes.
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      if (isCut) await taken;
      return this.#giveUp(isCut ? 0 : TIMEOUT_MS);
    }
    if (outcome === 'commit fails') this.#bridge.failCommits(true);
    const ok = await this.#bridge.ledger
      .ingest('couic', sourceOf(split(body, pieceLength)), { attempt })
      .then(() => true)
      .catch(() => false);
    this.#bridge.failCommits(false);
    for (const goOn of this.#tails.splice(0)) goOn();
    if (!ok || outcome === 'commit fails') return this.#giveUp(0);
    switch (outcome) {
      case 'answer lost':
        attempt.answeredAt = this.#clock.monotonic();
        return this.#giveUp(TIMEOUT_MS);
      case 'answered too late':
        return this.#giveUp(TIMEOUT_MS);
      case 'stopped for 4 s':
        this.#clock.advance(4000);
        this.#receiver.late = this.#clock.monotonic();
        attempt.answeredAt = this.#clock.monotonic();
        this.#connection = this.#receiver.connect();
        return;
      case 'restarted before the answer':
        await this.#restart();
        return this.#giveUp(BACKOFF_MS);
      case 'restarted after the answer':
        this.#unanswered = [];
        this.#answered = body;
        await this.#restart();
        this.#clock.advance(BACKOFF_MS);
        this.#connection = this.#receiver.connect();
        return;
      default:
        attempt.answeredAt = this.#clock.monotonic();
        this.#unanswered = [];
        this.#answered = body;
    }
    await this.#overtaken();
    this.#clock.advance(pause);
  }

  /** A second is Couic's clock: two reports of it about the same network are the same text. */
  #make(n: number): void {
    const creation = Math.floor(this.#clock.now() / 1000);
    this.#unanswered.push(reportText({ cidr: `10.0.0.${n}/32`, action: this.made % 2 ? 'remove' : 'add', creation }));
    this.made++;
  }

  async #restart(): Promise<void> {
    // Its connections end with it.
    this.#underWay = null;
    await this.#bridge.restart();
  }

  #giveUp(after: number): void {
    this.#clock.advance(after + BACKOFF_MS);
    this.#connection = this.#receiver.connect();
  }

  /** The bytes of the attempt before come in, now that its retry was answered. */
  async #overtaken(): Promise<void> {
    const { body, connection } = this.#underWay ?? {};
    this.#underWay = null;
    if (body === undefined || connection === undefined) return;
    const attempt = this.#receiver.head(connection);
    await this.#bridge.ledger.ingest('couic', pieces(body), { attempt }).catch(() => {});
  }

  async *#tailLater(body: string, bytes: number, length: number): AsyncGenerator<Uint8Array> {
    yield* split(body.slice(0, bytes), length);
    await new Promise<void>((resolve) => this.#tails.push(resolve));
    yield* split(body.slice(bytes), length);
  }
}

/** A socket that gives up after so many bytes: pieces, then the reset that Node's stream would throw. */
export async function* cutOff(body: string, bytes: number, length: number): AsyncGenerator<Uint8Array> {
  yield* split(body.slice(0, bytes), length);
  if (bytes < body.length) throw new Error('socket hang up');
}
