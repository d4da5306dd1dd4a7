import { ScanError } from './body-scanner.ts';
import { ElementFinder } from './element-finder.ts';
import { ReportChunk } from './report-chunk.ts';
import { addParsed } from './validate.ts';

/** An entry is about a hundred bytes; what is much longer is none, and memory must not follow it. */
const MAX_ENTRY_BYTES = 64 * 1024;

const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;

type State = 'before' | 'first' | 'entry' | 'inside' | 'after' | 'closed';

/**
 * Scans the answer of `GET /v1/drop`, a JSON array of entries that arrives in pieces, into chunks of packed rules: each
 * entry as the report of its addition. Memory is bounded by the longest entry.
 */
export class EntryScanner {
  readonly #policy: 'drop' | 'ignore';
  readonly #finder = new ElementFinder();
  #state: State = 'before';
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #offset = 0;
  /** Networks of entries that are not valid otherwise: what they say is unknown, and that Couic has a rule for each is not. */
  readonly named = new ReportChunk();

  constructor(policy: 'drop' | 'ignore') {
    this.#policy = policy;
  }

  /** Takes the next piece; entries that are not valid are counted in the chunk. @throws ScanError when it is no list of entries. */
  feed(data: Uint8Array, chunk: ReportChunk): void {
    let p = 0;
    while (p < data.length) {
      if (this.#state === 'inside') {
        p = this.#goOn(data, p, chunk);
        continue;
      }
      const c = data[p]!;
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
        p++;
        continue;
      }
      if (this.#state === 'before' && c === OPEN) this.#state = 'first';
      else if (this.#state === 'after' && c === COMMA) this.#state = 'entry';
      else if ((this.#state === 'after' || this.#state === 'first') && c === CLOSE) this.#state = 'closed';
      else if ((this.#state === 'first' || this.#state === 'entry') && c !== COMMA && c !== CLOSE) {
        this.#finder.start(c);
        this.#state = 'inside';
        continue;
      } else throw new ScanError('the answer is not a JSON array of rules', this.#offset + p);
      p++;
    }
    this.#offset += data.length;
  }

  /** The answer is over. @throws ScanError when the array is not. */
  end(): void {
    if (this.#state !== 'closed') throw new ScanError('the answer ends inside the list of rules', this.#offset);
  }

  /** @returns where to go on in this piece. */
  #goOn(data: Uint8Array, p: number, chunk: ReportChunk): number {
    const end = this.#finder.find(data, p, data.length);
    const part = data.subarray(p, end < 0 ? data.length : end);
    this.#partBytes += part.length;
    if (this.#partBytes > MAX_ENTRY_BYTES) throw new ScanError('an entry of the list is too long', this.#offset + p);
    this.#parts.push(part);
    if (end < 0) return data.length;
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    this.#state = 'after';
    this.#take(bytes, this.#offset + end, chunk);
    return end;
  }

  #take(bytes: Buffer, offset: number, chunk: ReportChunk): void {
    let entry: unknown;
    try {
      entry = JSON.parse(bytes.toString('utf8'));
    } catch {
      throw new ScanError('an entry of the list is not JSON', offset);
    }
    const report = { action: 'add', policy: this.#policy };
    const reason = addParsed(chunk, { ...report, entry });
    if (reason === null) return;
    chunk.quarantine(reason, bytes);
    const cidr = (entry as { cidr?: unknown } | null)?.cidr;
    addParsed(this.named, { ...report, entry: { cidr, creation: 0, expiration: 0 } });
  }
}
