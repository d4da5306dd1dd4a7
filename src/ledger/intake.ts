import { Conflict, type Position, type Topic } from '../log/log.ts';
import { BodyScanner, ScanError } from '../report/body-scanner.ts';
import { ReportChunk } from '../report/report-chunk.ts';
import { type Attempt, unknownAttempt } from './attempt.ts';
import type { BodySource } from './body-source.ts';
import { BodyError, type IngestOptions, type IngestResult, type ReportLine, SupersededError } from './ledger.ts';
import type { LedgerState } from './ledger-state.ts';
import { type Link, MAX_LINK_SPACING } from './newest-body.ts';
import { PrefixHash } from './prefix-hash.ts';
import { encodeChunk } from './records.ts';
import { type Knowledge, NO_RETRY_WITHIN_MS, type Reading, type Sender } from './sender.ts';
import type { TrustedClock } from './trusted-clock.ts';
import { timeOfReports } from './vouching-reports.ts';

/** A body that arrives slowly is committed this often, so that it makes progress though the sender hangs up after 2 s. */
const CHUNK_MS = 50;

/** What was sent while the process stood still is read within so long. */
const STALE_MS = 1000;

export interface IntakeContext {
  readonly instance: string;
  readonly state: LedgerState;
  readonly clock: TrustedClock;
  readonly sender: Sender;
  /** Milliseconds, never stepping. */
  monotonic(): number;
  /** The instance's. */
  readonly topic: Topic;
  /** Whether nobody else has written to it since. */
  isCurrent(): Promise<boolean>;
  /** Whether anybody reads events: then the metadata of reports is written down as well. */
  readonly keepsMetadata: () => boolean;
  /** A chunk was committed; called before its buffers are used again. */
  committed(chunk: ReportChunk): void;
}

/** Chunks are dear to make, and bodies come one after another: they are used again. */
const spareChunks: ReportChunk[] = [];
const MAX_SPARE = 64;
/** One with more words is let go when there are some: all of them are to take a few MiB at most. */
const LARGE = 4096;
const MAX_SPARE_LARGE = 16;

/**
 * Takes one body of one instance: scans it, finds out whether it is the retry of the newest one, and commits what is new,
 * chunk by chunk. Bodies of an instance are read one at a time (see Sender), and the next may be read while the last chunk
 * is being committed. Why what is taken for a retry: docs/adr/0011-exactly-once-in.md.
 */
export class Intake implements Reading {
  readonly result: IngestResult;
  readonly #context: IntakeContext;
  readonly #body: BodySource;
  readonly #options: IngestOptions;
  readonly #attempt: Attempt;
  /** As of the request's head: what comes to be known later says nothing about this body. */
  readonly #known: Knowledge;
  readonly #showsAnswer: boolean;
  readonly #scanner = new BodyScanner();
  readonly #chunk = spareChunks.pop() ?? new ReportChunk();
  readonly #hash = new PrefixHash();
  /** Why nothing more is to be committed. */
  #ended: Error | undefined;
  /** After the first element; null until it is whole. */
  #first: Link | null = null;
  /** The newest body's links, while this one may be its retry; null once that is decided. */
  #compared: readonly Link[] | null = null;
  /** How many of them are this body's, too. */
  #matched = 0;
  /** As the next record has it: how many links of the newest body this one goes on after; 0 for a new body. */
  #keep = 0;
  /** Elements of the body up to the last commit or match. */
  #elements = 0;
  /** Of the instance's topic, when it was decided what this body is, and then after each chunk. */
  #seen: Position = 0;
  /** It has taken the newest body's place. */
  #isNewest = false;
  #chunkSince = 0;
  #lines: ReportLine[] | null = [];

  /** To be made when the request's head was read. */
  constructor(context: IntakeContext, body: BodySource, options: IngestOptions) {
    this.#context = context;
    this.#body = body;
    this.#options = options;
    this.#chunk.metadata.wanted = context.keepsMetadata();
    this.#attempt = options.attempt ?? unknownAttempt(context.monotonic());
    this.#known = context.sender.knowledge(this.#attempt);
    // Whatever becomes of this one, it shows that the sender has had that answer.
    this.#showsAnswer = this.#known.isAnswered && !this.#known.newest!.isPassed && !this.#isOvertaken;
    if (this.#showsAnswer) this.#known.newest!.isPassed = true;
    this.result = options.progress ?? { accepted: 0, replayed: 0, quarantined: 0 };
  }

  /** Resolves once all of the body is on disk. @throws as `Ledger.ingest`. */
  async run(): Promise<IngestResult> {
    const { sender } = this.#context;
    let last: Promise<IngestResult>;
    try {
      const turn = sender.arrive(this);
      if (turn !== undefined) await turn;
    } catch (error) {
      this.#release();
      throw error;
    }
    try {
      await this.#readAll();
      last = this.#finish();
      if (this.#first !== null) this.#announce(this.#first.hash, last);
      // Couic sends no empty array: somebody else has looked whether the bridge is there.
      else if (this.#showsAnswer) this.#known.newest!.isPassed = false;
    } finally {
      sender.leave();
    }
    return last;
  }

  end(reason: Error): void {
    this.#ended ??= reason;
    this.#body.abort(reason);
  }

  /** The last chunk is on its way, and the next body may be its retry. */
  #announce(first: string, done: Promise<unknown>): void {
    const { sender } = this.#context;
    const committing = { first, done };
    const settled = () => {
      if (sender.committing === committing) sender.committing = null;
    };
    sender.committing = committing;
    done.then(settled, settled);
  }

  /** All but its last chunk is committed then. */
  async #readAll(): Promise<void> {
    try {
      this.#throwIfOver();
      await this.#read();
      this.#scanner.end();
      if (this.#compared !== null) this.#differs();
    } catch (error) {
      try {
        if (!(error instanceof ScanError)) throw error;
        // What came whole before the break is good, unless it may be the beginning of a retry: that comes again.
        if (this.#compared === null && this.#chunk.elements > 0) await this.#commit();
        throw new BodyError(error.message, error.offset, this.result);
      } finally {
        this.#release();
      }
    }
  }

  async #finish(): Promise<IngestResult> {
    try {
      if (this.#chunk.elements > 0) await this.#commit();
      // Nothing is to be written that would show that another bridge has taken a body since.
      else if (this.result.replayed > 0 && this.result.accepted === 0 && !(await this.#context.isCurrent()))
        throw new SupersededError();
    } finally {
      this.#release();
    }
    if (this.#lines !== null && this.#lines.length > 0) this.#options.onReports?.(this.#lines);
    return this.result;
  }

  #release(): void {
    this.#chunk.clear();
    const most = this.#chunk.words.length > LARGE ? MAX_SPARE_LARGE : MAX_SPARE;
    if (spareChunks.length < most) spareChunks.push(this.#chunk);
  }

  async #read(): Promise<void> {
    const body = this.#body;
    for (;;) {
      const piece = await body.read(this.#isDue(0) ? CHUNK_MS : Number.POSITIVE_INFINITY);
      if (piece === null) return;
      if (piece === undefined) {
        // The sender may hang up before more comes.
        if (this.#isDue(0)) await this.#commit();
        continue;
      }
      this.#hash.feed(piece);
      this.#scanner.feed(piece);
      await this.#scan();
      if (body.ended) return;
      this.#hash.pass(this.#scanner.elementEnd);
      if (this.#isDue(CHUNK_MS)) await this.#commit();
    }
  }

  /** Scans the piece to its end, stopping where something is to be decided. */
  async #scan(): Promise<void> {
    const chunk = this.#chunk;
    for (;;) {
      const before = chunk.elements;
      const link = this.#compared?.[this.#matched];
      const stopAt = this.#first === null ? 0 : (link?.offset ?? Number.POSITIVE_INFINITY);
      const atMost = link === undefined ? MAX_LINK_SPACING : link.elements - this.#elements;
      const progress = this.#scanner.advance(chunk, stopAt, atMost, link !== undefined);
      if (before === 0 && chunk.elements > 0) this.#chunkSince = this.#context.monotonic();
      if (progress === 'closed') continue;
      if (progress === 'needs data') {
        // An element that goes on where the newest body has a link is another one: nothing is held back for its sake.
        if (link !== undefined && this.#scanner.fed > link.offset) this.#differs();
        return;
      }
      if (this.#first === null) await this.#begin();
      else if (link === undefined) await this.#commit();
      else if (link.offset === this.#scanner.elementEnd && link.hash === this.#hashHere()) this.#matches();
      else this.#differs();
      if (this.#compared === null && (chunk.elements >= MAX_LINK_SPACING || chunk.isFull)) await this.#commit();
    }
  }

  /** The first element is whole: may this be the newest body again? */
  async #begin(): Promise<void> {
    const { state, instance, sender, topic } = this.#context;
    // While this process stood still, its sender may have gone on with another bridge, and that may be known here by now.
    const since = this.#attempt.beganAt - STALE_MS;
    if (sender.elsewhereAt >= since && this.#attempt.wasLateSince(since)) throw new SupersededError();
    this.#seen = topic.last;
    const first = { offset: this.#scanner.elementEnd, hash: this.#hashHere(), elements: 1 };
    this.#first = first;
    if (sender.committing !== null) {
      // It is the newest, and this is no retry of anything before it.
      if (sender.committing.first !== first.hash) return;
      await sender.committing.done.catch(() => {});
      this.#seen = topic.last;
      this.#throwIfOver();
    }
    const links = state.find(instance)?.newest.links ?? [];
    const [begin] = links;
    if (begin === undefined) return;
    const isSame = begin.offset === first.offset && begin.hash === first.hash;
    if (!isSame || (this.#isPastRetries && !this.#isBehind)) {
      if (sender.newest !== null && !this.#isOvertaken) sender.newest.isPassed = true;
      return;
    }
    this.#compared = links;
    this.#matches();
  }

  /** The newest body cannot come again: its sender has gone on. */
  get #isPastRetries(): boolean {
    const { newest } = this.#context.sender;
    if (newest === null) return false;
    return newest.isPassed || (newest === this.#known.newest && this.#known.isAnswered);
  }

  /** It may have been sent before the newest body was, and given up: its connection is another, and older. */
  get #isBehind(): boolean {
    const newest = this.#context.sender.newest?.attempt;
    const { connection, acceptedAt } = this.#attempt;
    return newest !== undefined && newest.connection !== connection && acceptedAt < newest.beganAt;
  }

  /** The same, and there was time enough for it to be given up before the newest body was sent. */
  get #isOvertaken(): boolean {
    return (
      this.#isBehind && this.#context.sender.newest!.attempt.beganAt - this.#attempt.silentSince >= NO_RETRY_WITHIN_MS
    );
  }

  /** The body is the same as the newest one up to its next link. */
  #matches(): void {
    const { sender } = this.#context;
    const links = this.#compared!;
    this.#matched++;
    if (this.#matched === links.length) {
      this.#compared = null;
      if (this.#isPastRetries) {
        // No retry. A new body comes on a connection that was silent so long by chance only; and so does one that is equal
        // for more than a chunk, which was not held back.
        if (this.#isOvertaken || links.length > 2) throw new SupersededError();
        sender.newest!.isPassed = true;
        return;
      }
      this.#keep = links.length;
      this.#becomeNewest();
    } else if (this.#matched === 1) {
      // That two bodies begin with the same report says little.
      return;
    }
    this.result.replayed += this.#chunk.elements;
    this.#elements += this.#chunk.elements;
    this.#chunk.clear();
  }

  /** The body is not, or not all, what the newest one was. @throws SupersededError when it is an attempt given up before. */
  #differs(): void {
    const { sender } = this.#context;
    if (this.#isBehind) throw new SupersededError();
    if (sender.newest !== null) sender.newest.isPassed = true;
    this.#keep = this.#matched > 1 ? this.#matched : 0;
    this.#compared = null;
  }

  #becomeNewest(): void {
    if (this.#isNewest) return;
    this.#isNewest = true;
    this.#context.sender.newest = { attempt: this.#attempt, isPassed: false };
  }

  #throwIfOver(): void {
    if (this.#ended !== undefined) throw this.#ended;
    const { signal } = this.#options;
    if (signal?.aborted) throw signal.reason;
  }

  /** Whether there is something to commit that has waited so long, ms. */
  #isDue(waited: number): boolean {
    return (
      this.#chunk.elements > 0 && this.#compared === null && this.#context.monotonic() - this.#chunkSince >= waited
    );
  }

  /** Base64 of the SHA-256 of the body up to the last whole element. */
  #hashHere(): string {
    return this.#hash.at(this.#scanner.elementEnd);
  }

  /** Writes the chunk, which ends with the last whole element. */
  async #commit(): Promise<void> {
    const { instance, state, clock, committed } = this.#context;
    const chunk = this.#chunk;
    this.#throwIfOver();
    const elements = this.#elements + chunk.elements;
    const offset = this.#scanner.elementEnd;
    const first = this.#first!;
    // Of a body with one report, that is the first link again.
    const link = first.offset === offset ? first : { offset, hash: this.#hashHere(), elements };
    const links = this.#keep > 0 || link === first ? [link] : [first, link];
    await this.#append(encodeChunk(timeOfReports(clock, chunk), instance, { keep: this.#keep, links }, chunk));
    this.#keep = state.find(instance)!.newest.links.length;
    this.#becomeNewest();
    this.#elements = elements;
    this.result.accepted += chunk.reports;
    for (const count of chunk.reasons.values()) this.result.quarantined += count;
    this.#keepLines();
    committed(chunk);
    chunk.clear();
  }

  async #append({ record, origin }: ReturnType<typeof encodeChunk>): Promise<void> {
    try {
      this.#seen = await this.#context.topic.append(record, { expect: this.#seen, origin, canWait: true });
    } catch (error) {
      // Another bridge has taken a body of this Couic since: what this one is to that one is judged when it comes again.
      throw error instanceof Conflict ? new SupersededError({ cause: error }) : error;
    }
  }

  #keepLines(): void {
    if (this.#lines === null) return;
    if (this.result.accepted > (this.#options.linesUpTo ?? 0)) this.#lines = null;
    else this.#lines.push(...this.#chunk.lines());
  }
}
