import type { Quarantined } from '../report/quarantine.ts';
import { type ReportChunk, ROOM_BEFORE } from '../report/report-chunk.ts';
import type { AttributeLimits } from './attribute-limits.ts';
import type { BodyChange } from './newest-body.ts';

/*
 * The ledger's records in the log. Each begins with its kind (u32) and the clock (f64, ms since the epoch) at byte 8:
 * a fold never reads a clock of its own. Kinds are only ever added.
 */
const HEADER = ROOM_BEFORE;

export const RECORD = {
  chunk: 1,
  expired: 2,
  settings: 3,
  traffic: 4,
  corrected: 5,
  reconciled: 6,
  clock: 7,
  forget: 8,
  expiredRules: 9,
} as const;

/** Reports of one instance between two commits. */
export interface ChunkRecord {
  /** Milliseconds since the epoch. */
  clock: number;
  instance: string;
  body: BodyChange;
  /** Packed reports, see src/report/packed.ts; tags and kinds are numbers in the lists below plus one. */
  words: Int32Array;
  tags: string[];
  kinds: string[];
  quarantined: readonly Quarantined[];
}

/** Rules whose time is over at `clock` leave, soonest first, at most `max` of each address family. */
interface ExpiredRecord {
  clock: number;
  max: number;
}

/** Names last heard of at `before` or earlier, ms since the epoch, give back their places. */
interface ForgetRecord {
  clock: number;
  before: number;
}

/** Written when the ledger is new, and when what it is told at start differs from before. */
interface SettingsRecord {
  clock: number;
  limits: AttributeLimits;
  /** Whether rules whose time is over are named, for whoever reads events. */
  tellsExpired: boolean;
}

function allocate(kind: number, clock: number, bytes: number): Buffer {
  const record = Buffer.from(new ArrayBuffer(HEADER + bytes));
  writeHeader(record, kind, clock, 0);
  return record;
}

/** @param length - words, or whatever a kind of record keeps at byte 4. */
function writeHeader(record: Buffer, kind: number, clock: number, length: number): void {
  record.writeUInt32LE(kind, 0);
  record.writeUInt32LE(length, 4);
  record.writeDoubleLE(clock, 8);
}

export function kindOf(record: Uint8Array): number {
  return view(record).getUint32(0, true);
}

export function clockOf(record: Uint8Array): number {
  return view(record).getFloat64(8, true);
}

function view(record: Uint8Array): DataView {
  return new DataView(record.buffer, record.byteOffset, record.byteLength);
}

/** What comes last, as JSON. */
export type ChunkTail = [
  instance: string,
  body: BodyChange,
  tags: string[],
  kinds: string[],
  quarantined: readonly Quarantined[],
];

/**
 * Makes the record where the chunk's words lie: it is good until the chunk changes. What it is made of comes along, so that
 * it need not be read from its bytes when it is applied. After the words come the bytes of metadata (u32), these, and the rest.
 */
export function encodeChunk(
  clock: number,
  instance: string,
  body: BodyChange,
  chunk: ReportChunk,
): { record: Uint8Array; origin: ChunkRecord } {
  const [tags, kinds] = [chunk.tags.strings(), chunk.kinds.strings()];
  const quarantined = [...chunk.quarantined];
  const tail = JSON.stringify([instance, body, tags, kinds, quarantined] satisfies ChunkTail);
  const metadata = chunk.metadata.used;
  const record = chunk.frame(4 + metadata.length + Buffer.byteLength(tail));
  writeHeader(record, RECORD.chunk, clock, chunk.length);
  const afterWords = HEADER + chunk.length * 4;
  record.writeUInt32LE(metadata.length, afterWords);
  record.set(metadata, afterWords + 4);
  record.write(tail, afterWords + 4 + metadata.length);
  const words = chunk.words.subarray(0, chunk.length);
  return { record, origin: { clock, instance, body, words, tags, kinds, quarantined } };
}

/** @param origin - what `encodeChunk` gave beside the record, if it was this process that made it. */
export function decodeChunk(record: Uint8Array, origin?: unknown): ChunkRecord {
  if (origin !== undefined) return origin as ChunkRecord;
  const { words, rest } = wordsIn(record);
  const [instance, body, tags, kinds, quarantined] = parse<ChunkTail>(rest.subarray(4 + rest.readUInt32LE()));
  return { clock: clockOf(record), instance, body, words, tags, kinds, quarantined };
}

/** The metadata of a chunk's reports: see metadata-texts.ts. */
export function metadataOf(record: Uint8Array): Uint8Array {
  const { rest } = wordsIn(record);
  return rest.subarray(4, 4 + rest.readUInt32LE());
}

/** Layout: header with the number of words at byte 4, the words, then the rest as JSON. */
export function encodeWords(kind: number, clock: number, words: Int32Array, rest: unknown): Uint8Array {
  const tail = Buffer.from(JSON.stringify(rest), 'utf8');
  const wordBytes = words.length * 4;
  const record = allocate(kind, clock, wordBytes + tail.length);
  writeHeader(record, kind, clock, words.length);
  record.set(new Uint8Array(words.buffer, words.byteOffset, wordBytes), HEADER);
  record.set(tail, HEADER + wordBytes);
  return record;
}

export function decodeWords<Tail>(record: Uint8Array): { clock: number; words: Int32Array; tail: Tail } {
  const { words, rest } = wordsIn(record);
  return { clock: clockOf(record), words, tail: parse<Tail>(rest) };
}

/** The words, and what comes after them: the bytes of the record themselves. */
export function wordsIn(record: Uint8Array): { words: Int32Array; rest: Buffer } {
  const length = view(record).getUint32(4, true);
  const after = HEADER + length * 4;
  const rest = Buffer.from(record.buffer, record.byteOffset + after, record.byteLength - after);
  const start = record.byteOffset + HEADER;
  // The store may hand over bytes at any address; words must begin at a multiple of four.
  const words =
    start % 4 === 0
      ? new Int32Array(record.buffer, start, length)
      : new Int32Array(new Uint8Array(record.subarray(HEADER, after)).buffer);
  return { words, rest };
}

export function parse<T>(bytes: Buffer): T {
  return JSON.parse(bytes.toString('utf8')) as T;
}

/** Puts changed words back, which `wordsIn` may have copied. */
export function putWords(record: Uint8Array, words: Int32Array): void {
  record.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), HEADER);
}

/** Puts JSON that became no longer in the place of what it was. */
export function putJson(place: Uint8Array, value: unknown): void {
  const json = Buffer.from(JSON.stringify(value), 'utf8');
  place.fill(0x20, json.length);
  place.set(json);
}

export function encodeExpired({ clock, max }: ExpiredRecord): Uint8Array {
  const record = allocate(RECORD.expired, clock, 0);
  record.writeUInt32LE(max, 4);
  return record;
}

export function decodeExpired(record: Uint8Array): ExpiredRecord {
  return { clock: clockOf(record), max: view(record).getUint32(4, true) };
}

/** Rules whose time was over and that have left since the last such record, named for whoever reads events. */
interface ExpiredRulesRecord {
  clock: number;
  /** In the order of their words: of which Couic so many of these are, and the names of their tags. */
  parts: { instance: string; words: Int32Array; tags: readonly string[] }[];
}

export type ExpiredRulesTail = [instance: string, length: number, tags: readonly string[]][];

export function encodeExpiredRules({ clock, parts }: ExpiredRulesRecord): Uint8Array {
  const words = new Int32Array(parts.reduce((sum, part) => sum + part.words.length, 0));
  let at = 0;
  for (const part of parts) {
    words.set(part.words, at);
    at += part.words.length;
  }
  const tail: ExpiredRulesTail = parts.map(({ instance, words: { length }, tags }) => [instance, length, tags]);
  return encodeWords(RECORD.expiredRules, clock, words, tail);
}

export function decodeExpiredRules(record: Uint8Array): ExpiredRulesRecord {
  const { clock, words, tail } = decodeWords<ExpiredRulesTail>(record);
  let at = 0;
  const parts = tail.map(([instance, length, tags]) => {
    at += length;
    return { instance, words: words.subarray(at - length, at), tags };
  });
  return { clock, parts };
}

/** Nothing but the time. */
export function encodeClock(clock: number): Uint8Array {
  return allocate(RECORD.clock, clock, 0);
}

export function encodeSettings({ clock, ...settings }: SettingsRecord): Uint8Array {
  return encodeJson(RECORD.settings, clock, settings);
}

export function decodeSettings(record: Uint8Array): SettingsRecord {
  return { clock: clockOf(record), ...decodeJson<Omit<SettingsRecord, 'clock'>>(record) };
}

export function encodeForget({ clock, ...rest }: ForgetRecord): Uint8Array {
  return encodeJson(RECORD.forget, clock, rest);
}

export function decodeForget(record: Uint8Array): ForgetRecord {
  return { clock: clockOf(record), ...decodeJson<Omit<ForgetRecord, 'clock'>>(record) };
}

/** For records that are rare or small: everything after the header is JSON. */
export function encodeJson(kind: number, clock: number, value: unknown): Uint8Array {
  const json = Buffer.from(JSON.stringify(value), 'utf8');
  const record = allocate(kind, clock, json.length);
  record.set(json, HEADER);
  return record;
}

export function decodeJson<T>(record: Uint8Array): T {
  return parse(Buffer.from(record.buffer, record.byteOffset + HEADER, record.byteLength - HEADER));
}
