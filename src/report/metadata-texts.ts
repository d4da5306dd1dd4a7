/** Of one report's metadata, in bytes of JSON; Couic's own is a few hundred. */
const MOST_METADATA = 16 * 1024;
/** What is kept in place of metadata that is longer: its kind, and so much of its detail, in UTF-16 units. */
const CUT_DETAIL = 2048;
/** A body that may be a retry holds back more than a chunk; what comes beyond this is cut. */
const MOST_BYTES = 512 * 1024;

const SPACE = 0x20;
const HEAD = 8;
const CUT = 0x8000_0000;

/** The metadata of a chunk's reports as it came, for whoever reads events: `u32 report, u32 length with CUT, JSON`, one after the other. */
export class MetadataTexts {
  /** Whether anybody wants it. */
  wanted = false;
  /** In use. */
  bytes = 0;
  #buffer = Buffer.alloc(0);

  /** @param report - its number in the chunk. @param from, to - where its metadata, JSON that is not null, lies in the bytes. */
  add(report: number, bytes: Uint8Array, from: number, to: number): void {
    if (to - from > MOST_METADATA) {
      this.addParsed(
        report,
        JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8')),
      );
    } else this.#add(report, bytes.subarray(from, to), 0);
  }

  /** @param value - what JSON.parse gave. @param isWhole - whether it is all of it. */
  addParsed(report: number, value: unknown, isWhole = true): void {
    if (isWhole && (value === null || value === undefined)) return;
    const text = isWhole ? asJson(value) : NOTHING;
    if (isWhole && text !== undefined && text.length <= MOST_METADATA) this.#add(report, text, 0);
    else this.#add(report, Buffer.from(JSON.stringify(beginningOf(value)), 'utf8'), CUT);
  }

  /** Those in use; good until the chunk changes. */
  get used(): Uint8Array {
    return this.#buffer.subarray(0, this.bytes);
  }

  clear(): void {
    this.bytes = 0;
  }

  #add(report: number, text: Uint8Array, cut: number): void {
    const isOver = this.bytes + text.length > MOST_BYTES;
    const kept = isOver ? NOTHING : text;
    const end = this.bytes + HEAD + kept.length;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, 2 * this.#buffer.length, 4096));
      this.#buffer.copy(larger, 0, 0, this.bytes);
      this.#buffer = larger;
    }
    this.#buffer.writeUInt32LE(report, this.bytes);
    this.#buffer.writeUInt32LE((kept.length | (isOver ? CUT : cut)) >>> 0, this.bytes + 4);
    this.#buffer.set(kept, this.bytes + HEAD);
    this.bytes = end;
  }
}

const NOTHING = Buffer.from('{}');

/**
 * Overwrites what reports had, in place and at equal length.
 * @param isGone - of a report's number: all of its metadata goes. @param scrub - for that of the others. @returns whether anything was.
 */
export function blankMetadata(
  bytes: Uint8Array,
  isGone: (report: number) => boolean,
  scrub: (text: Uint8Array) => boolean,
): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let changed = false;
  for (let at = 0; at < buffer.length; ) {
    const text = buffer.subarray(at + HEAD, at + HEAD + (buffer.readUInt32LE(at + 4) & ~CUT));
    if (isGone(buffer.readUInt32LE(at))) {
      text.fill(SPACE).write(text.length < 2 ? '0' : '{}');
      changed = true;
    } else changed = scrub(text) || changed;
    at += HEAD + text.length;
  }
  return changed;
}

interface MetadataPlace {
  /** Number of the report in its chunk. */
  readonly report: number;
  readonly isCut: boolean;
  /** Where its JSON lies in the bytes. */
  readonly from: number;
  readonly to: number;
}

/** In the order of the reports. */
export function* metadataPlaces(bytes: Uint8Array): Generator<MetadataPlace, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const head = view.getUint32(at + 4, true);
    const from = at + HEAD;
    const to = from + (head & ~CUT);
    yield { report: view.getUint32(at, true), isCut: (head & CUT) !== 0, from, to };
    at = to;
  }
}

/** @returns undefined when it nests further than JSON.stringify can follow, which JSON.parse can. */
function asJson(value: unknown): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify(value), 'utf8');
  } catch {
    return undefined;
  }
}

function beginningOf(metadata: unknown): object {
  if (typeof metadata !== 'object' || metadata === null) return {};
  const { kind, detail } = metadata as { kind?: unknown; detail?: unknown };
  return {
    ...(typeof kind === 'string' && { kind: kind.slice(0, 64) }),
    ...(typeof detail === 'string' && { detail: detail.slice(0, CUT_DETAIL) }),
  };
}
