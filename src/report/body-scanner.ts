import { ElementFinder } from './element-finder.ts';
import { scanReport } from './fast-path.ts';
import { LongReport } from './long-report.ts';
import type { ReportChunk } from './report-chunk.ts';
import { addParsed } from './validate.ts';

/** A report longer than this is held without its metadata: Couic's own are a few hundred bytes, and memory must not follow the body. */
export const MAX_REPORT_BYTES = 1024 * 1024;

/** What `advance` ended with. */
type Progress =
  /** All bytes are used up: feed more, or call `end`. */
  | 'needs data'
  /** A whole element was the last that was asked for. */
  | 'stopped'
  /** The array is closed; only whitespace may follow. */
  | 'closed';

/** The body is not a JSON array. */
export class ScanError extends Error {
  /** Byte offset in the body. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'ScanError';
    this.offset = offset;
  }
}

const NOTHING = new Uint8Array(0);
const NOTHING_VIEW = new DataView(NOTHING.buffer);

const BEFORE = 0; // the opening bracket is to come
const FIRST = 1; // an element or the closing bracket
const ELEMENT = 2; // an element
const INSIDE = 3; // the rest of an element that began in earlier bytes
const AFTER = 4; // a comma or the closing bracket
const CLOSED = 5;

/**
 * Scans a JSON array of reports that arrives in pieces, element by element, into chunks. Memory is bounded by the
 * longest report, never by the body. What it takes, and as what, is defined by `JSON.parse` and validate.ts for every
 * element, and by RFC 8259 for the array around them.
 */
export class BodyScanner {
  /** Body offset right after the last whole element. */
  elementEnd = 0;
  /** The piece being scanned, and where it begins in the body. */
  #data: Uint8Array = NOTHING;
  #view: DataView = NOTHING_VIEW;
  #base = 0;
  #length = 0;
  #position = 0;
  #state = BEFORE;
  readonly #finder = new ElementFinder();
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #long: LongReport | null = null;
  #elementStart = 0;

  /** Gives the next piece; only after `advance` said 'needs data'. The one before is not looked at any more. */
  feed(data: Uint8Array): void {
    this.#base += this.#length;
    this.#length = data.length;
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.length);
    this.#position = 0;
  }

  /** Bytes of the body given so far. */
  get fed(): number {
    return this.#base + this.#length;
  }

  /**
   * Scans until an element ends at or after `stopAt`, or the chunk holds `maxElements` or is full, or the bytes or the
   * array end.
   * @param stopAt - body offset. @param mayFill - whether a full chunk is no reason to stop.
   * @throws ScanError; what was added to the chunk before it stays good.
   */
  advance(chunk: ReportChunk, stopAt: number, maxElements: number, mayFill = false): Progress {
    const b = this.#data;
    const n = b.length;
    const base = this.#base;
    let p = this.#position;
    try {
      for (;;) {
        if (this.#state === INSIDE) {
          const end = this.#finishElement(chunk, p, n);
          if (end < 0) {
            p = n;
            return 'needs data';
          }
          p = end;
          this.#state = AFTER;
          if (this.elementEnd >= stopAt || chunk.elements >= maxElements || (!mayFill && chunk.isFull))
            return 'stopped';
        }
        if (p >= n) return 'needs data';
        const c = b[p]!;
        if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
          p++;
          continue;
        }
        switch (this.#state) {
          case AFTER:
            if (c === 0x2c) this.#state = ELEMENT;
            else if (c === 0x5d) this.#state = CLOSED;
            else throw new ScanError(`expected "," or "]" after a report, found ${show(c)}`, base + p);
            p++;
            if (this.#state === CLOSED) return 'closed';
            continue;
          case BEFORE:
            if (c !== 0x5b)
              throw new ScanError(`expected "[": the body is a JSON array of reports, found ${show(c)}`, base + p);
            p++;
            this.#state = FIRST;
            continue;
          case CLOSED:
            throw new ScanError(`expected the end of the body after "]", found ${show(c)}`, base + p);
          case FIRST:
            if (c === 0x5d) {
              p++;
              this.#state = CLOSED;
              return 'closed';
            }
        }
        if (c === 0x2c || c === 0x5d) throw new ScanError(`expected a report, found ${show(c)}`, base + p);
        const end = scanReport(b, this.#view, p, Math.min(n, p + MAX_REPORT_BYTES), chunk);
        if (end < 0) {
          this.#finder.start(c);
          this.#elementStart = base + p;
          this.#state = INSIDE;
          continue;
        }
        p = end;
        this.elementEnd = base + p;
        this.#state = AFTER;
        if (this.elementEnd >= stopAt || chunk.elements >= maxElements || (!mayFill && chunk.isFull)) return 'stopped';
      }
    } finally {
      this.#position = p;
    }
  }

  /** The body is over. @throws ScanError when the array is not. */
  end(): void {
    if (this.#state === CLOSED) return;
    const offset = this.#base + this.#length;
    throw new ScanError(
      offset === 0
        ? 'the body is empty: a JSON array of reports was expected'
        : 'the body ends inside the array of reports',
      offset,
    );
  }

  /** @returns where the element ends in this piece, or -1 when it goes on. */
  #finishElement(chunk: ReportChunk, p: number, n: number): number {
    const b = this.#data;
    const end = this.#finder.find(b, p, n);
    const part = b.subarray(p, end < 0 ? n : end);
    const kept = this.#partBytes;
    this.#partBytes += part.length;
    if (this.#partBytes > MAX_REPORT_BYTES) {
      if (this.#long === null) {
        this.#long = new LongReport();
        for (const earlier of this.#parts) this.#long.feed(earlier);
        this.#parts = [];
      }
      this.#long.feed(part);
    } else if (end < 0) this.#parts.push(Buffer.from(part));
    else if (kept > 0) this.#parts.push(part);
    if (end < 0) return -1;

    if (this.#long !== null) this.#takeLong(chunk, this.#long);
    else this.#take(chunk, kept === 0 ? part : Buffer.concat(this.#parts), kept > 0);
    this.#long = null;
    this.#parts = [];
    this.#partBytes = 0;
    this.elementEnd = this.#base + end;
    return end;
  }

  #takeLong(chunk: ReportChunk, long: LongReport): void {
    const text = long.text();
    if (text === null) {
      chunk.quarantine('too_large', long.beginning());
      return;
    }
    // Without metadata it would not fit: so it is an object.
    const report = this.#parse(text) as object;
    const reason = addParsed(chunk, { ...report, metadata: long.metadata() }, false);
    if (reason !== null) chunk.quarantine(reason, long.beginning());
  }

  /** @param joined - the element came in several pieces, so the fast path has not seen it whole. */
  #take(chunk: ReportChunk, bytes: Uint8Array, joined: boolean): void {
    if (joined) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      // What it takes is JSON, and so ends where its brackets do: with these bytes.
      if (scanReport(bytes, view, 0, bytes.length, chunk) >= 0) return;
    }
    const value = this.#parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
    const reason = addParsed(chunk, value);
    if (reason !== null) chunk.quarantine(reason, bytes);
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new ScanError(`a report is not JSON: ${withoutText((error as Error).message)}`, this.#elementStart);
    }
  }
}

/** V8 quotes the input in its message; a report may hold what does not belong into a log. */
function withoutText(message: string): string {
  const position = /position (\d+)/.exec(message);
  return position === null
    ? 'it is not complete or not well formed'
    : `unexpected character ${position[1]} characters into it`;
}

function show(c: number): string {
  return c > 0x20 && c < 0x7f ? `"${String.fromCharCode(c)}"` : `byte 0x${c.toString(16).padStart(2, '0')}`;
}
