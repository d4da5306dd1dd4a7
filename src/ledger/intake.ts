import { BodyScanner, ScanError } from '../report/body-scanner.ts';
import { ReportChunk } from '../report/report-chunk.ts';
import type { BodySource } from './body-source.ts';
import { Follower } from './follower.ts';
import { type Link, MAX_LINK_SPACING } from './heads.ts';
import type { InFlight } from './in-flight.ts';
import { BodyError, type IngestOptions, type IngestResult, type ReportLine } from './ledger.ts';
import type { LedgerState } from './ledger-state.ts';
import { PrefixHash } from './prefix-hash.ts';
import { encodeChunk } from './records.ts';
import type { TrustedClock } from './trusted-clock.ts';
import { timeOfReports } from './vouching-reports.ts';

/** A body that arrives slowly is committed this often, so that it makes progress though the sender hangs up after 2 s. */
const CHUNK_MS = 50;

export interface IntakeContext {
  readonly instance: string;
  readonly state: LedgerState;
  readonly clock: TrustedClock;
  readonly inFlight: InFlight;
  /** Milliseconds, never stepping. */
  monotonic(): number;
  append(records: readonly Uint8Array[]): Promise<void>;
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
 * Takes one body of one instance: scans it, follows the bodies before it, and commits what is new, chunk by chunk. Bodies
 * of an instance are read one at a time (see Fifo), and the next may be read while the last chunk is being committed.
 */
export class Intake {
  readonly result: IngestResult;
  readonly #context: IntakeContext;
  readonly #options: IngestOptions;
  readonly #scanner = new BodyScanner();
  readonly #chunk = spareChunks.pop() ?? new ReportChunk();
  readonly #hash = new PrefixHash();
  readonly #follower = new Follower();
  /** The link after the first element, until it is committed. */
  #first: Link | null = null;
  /** The same, for as long as the body is known by it. */
  #began: Link | null = null;
  /** Elements of the body up to the last commit or match. */
  #elements = 0;
  /** The head that this body is on after its first commit, by the fold's own account. */
  #continues: { base: number; keep: number } | null = null;
  #chunkSince = 0;
  #isFinished = false;
  #lines: ReportLine[] | null = [];

  constructor(context: IntakeContext, options: IngestOptions) {
    this.#context = context;
    this.#options = options;
    this.result = options.progress ?? { accepted: 0, replayed: 0, quarantined: 0 };
  }

  /**
   * Reads the body to its end. All but its last chunk is committed then.
   * @returns the commit of the last chunk, as a function, so that awaiting this does not await it.
   * @throws BodyError when it is not a JSON array; what came whole before the break is committed by then.
   */
  async read(body: BodySource): Promise<() => Promise<IngestResult>> {
    try {
      this.#throwIfAborted();
      await this.#read(body);
      this.#scanner.end();
    } catch (error) {
      try {
        if (!(error instanceof ScanError)) throw error;
        // What came whole before the break is good.
        if (this.#chunk.elements > 0) await this.#commit();
        throw new BodyError(error.message, error.offset, this.result);
      } finally {
        this.#release();
      }
    }
    const last = this.#finish();
    if (this.#began !== null && !this.#isFinished) this.#context.inFlight.add(this.#began, last);
    // Whoever awaits it hears of its failure; until then nobody has to.
    last.catch(() => {});
    return () => last;
  }

  async #finish(): Promise<IngestResult> {
    try {
      if (this.#chunk.elements > 0) await this.#commit();
    } finally {
      this.#release();
      this.#isFinished = true;
      if (this.#began !== null) this.#context.inFlight.delete(this.#began);
    }
    if (this.#lines !== null && this.#lines.length > 0) this.#options.onReports?.(this.#lines);
    return this.result;
  }

  #release(): void {
    this.#chunk.clear();
    const most = this.#chunk.words.length > LARGE ? MAX_SPARE_LARGE : MAX_SPARE;
    if (spareChunks.length < most) spareChunks.push(this.#chunk);
  }

  async #read(body: BodySource): Promise<void> {
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
      this.#hash.pass(this.#scanner.elementEndInPiece);
      if (this.#isDue(CHUNK_MS)) await this.#commit();
    }
  }

  /** Scans the piece to its end, stopping where something is to be decided. */
  async #scan(): Promise<void> {
    for (;;) {
      const chunk = this.#chunk;
      const before = chunk.elements;
      const next = this.#elements === 0 && this.#first === null ? 0 : this.#follower.nextOffset;
      // While a comparison is ahead nothing is committed: the links of a head are never further apart than a chunk.
      const progress = this.#scanner.advance(chunk, next, next === Number.POSITIVE_INFINITY ? MAX_LINK_SPACING : 1e9);
      if (before === 0 && chunk.elements > 0) this.#chunkSince = this.#context.monotonic();
      if (progress === 'needs data') return;
      if (progress === 'closed') continue;
      if (next === 0) await this.#begin();
      else if (next === Number.POSITIVE_INFINITY) {
        await this.#commit();
      } else if (this.#follower.compare(this.#scanner.elementEnd, this.#hashHere())) this.#replayed();
    }
  }

  /** The first element is whole: is this a body that came before? */
  async #begin(): Promise<void> {
    const { state, instance, inFlight } = this.#context;
    const first = { offset: this.#scanner.elementEnd, hash: this.#hashHere(), elements: 1 };
    this.#began = first;
    const find = () => state.find(instance)?.heads.startingWith(first) ?? [];
    let known = find();
    // What it continues, or may continue, must be settled, and must not be forgotten for what is committed meanwhile.
    if (inFlight.size > 0 && (known.length > 0 || inFlight.has(first))) {
      await inFlight.settled();
      known = find();
    }
    if (this.#follower.begin(known)) this.#replayed();
    else this.#first = first;
  }

  #throwIfAborted(): void {
    const { signal } = this.#options;
    if (signal?.aborted) throw signal.reason;
  }

  #replayed(): void {
    this.result.replayed += this.#chunk.elements;
    this.#elements += this.#chunk.elements;
    this.#chunk.clear();
  }

  /** Whether there is something to commit that has waited so long, ms. */
  #isDue(waited: number): boolean {
    return (
      this.#chunk.elements > 0 &&
      this.#follower.nextOffset === Number.POSITIVE_INFINITY &&
      this.#context.monotonic() - this.#chunkSince >= waited
    );
  }

  /** Base64 of the SHA-256 of the body up to the last whole element. */
  #hashHere(): string {
    return this.#hash.at(this.#scanner.elementEndInPiece);
  }

  /** Writes the chunk, which ends with the last whole element. */
  async #commit(): Promise<void> {
    const { instance, state, clock, append, committed } = this.#context;
    const chunk = this.#chunk;
    this.#throwIfAborted();
    const elements = this.#elements + chunk.elements;
    const offset = this.#scanner.elementEnd;
    // Of a body with one report, that is the first link again.
    const hash = this.#first?.offset === offset ? this.#first.hash : this.#hashHere();
    const link = { offset, hash, elements };
    const links = this.#first === null || this.#first.offset === offset ? [link] : [this.#first, link];
    const { base, keep } = this.#continues ?? this.#follower.matched;
    await append([encodeChunk(timeOfReports(clock, chunk), instance, { base, keep, links }, chunk)]);
    const head = state.find(instance)!.heads.newest!;
    this.#continues = { base: head.id, keep: head.links.length };
    this.#first = null;
    this.#elements = elements;
    this.result.accepted += chunk.reports;
    for (const count of chunk.reasons.values()) this.result.quarantined += count;
    this.#keepLines();
    committed(chunk);
    chunk.clear();
  }

  #keepLines(): void {
    if (this.#lines === null) return;
    if (this.result.accepted > (this.#options.linesUpTo ?? 0)) this.#lines = null;
    else this.#lines.push(...this.#chunk.lines());
  }
}
