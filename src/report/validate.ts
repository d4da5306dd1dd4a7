import { OTHER } from '../telemetry/names.ts';
import { parseCidr } from './cidr.ts';
import { IGNORE, IPV6, MAX_TIMESTAMP, packTimesHigh, REMOVE, WORDS_IPV4, WORDS_IPV6 } from './packed.ts';
import type { Reason } from './quarantine.ts';
import type { ReportChunk } from './report-chunk.ts';

export const MAX_TAG_LENGTH = 64;
/** Couic's own are of `[A-Za-z0-9_-]`. */
const TAG = /^[A-Za-z0-9_.-]+$/;
/** Rules of a set file carry its name, which may have what Rust calls alphanumeric: every letter, and every number. */
const SET_TAG = /^[\p{Alphabetic}\p{N}_-]+\.couic$/u;
/** `metadata.kind` is free text; what is longer than this is no kind and counts as `_OTHER`. Bytes of UTF-8. */
export const MAX_KIND_BYTES = 64;

/** Whether a rule of Couic can have this tag. `""`, which is none, is no tag. */
export function isTag(text: string): boolean {
  return text.length <= MAX_TAG_LENGTH && (TAG.test(text) || SET_TAG.test(text));
}

/**
 * What a report must be, on a parsed value: the whole definition, which the scanner's fast path is a shortcut for.
 * Adds it to the chunk.
 * @param isWhole - whether its metadata is all that came.
 * @returns why not, if it is not valid; the chunk is as it was then.
 */
export function addParsed(chunk: ReportChunk, value: unknown, isWhole = true): Reason | null {
  if (!isObject(value)) return 'not_an_object';
  if (value.action !== 'add' && value.action !== 'remove') return 'unknown_action';
  if (value.policy !== 'drop' && value.policy !== 'ignore') return 'unknown_policy';
  const entry = value.entry;
  if (!isObject(entry)) return 'bad_entry';
  const cidr = typeof entry.cidr === 'string' ? parseCidr(entry.cidr) : null;
  if (cidr === null) return 'bad_cidr';
  const { creation } = entry;
  const expiration = clamped(entry.expiration);
  if (!isTimestamp(creation) || !isTimestamp(expiration)) return 'bad_timestamp';
  // Of a rule without a tag Couic's add says null, its remove and its lists say "".
  const tag = entry.tag === '' ? null : (entry.tag ?? null);
  if (tag !== null) {
    if (typeof tag !== 'string') return 'bad_tag';
    if (tag.length > MAX_TAG_LENGTH) return 'tag_too_long';
    if (!isTag(tag)) return 'bad_tag';
  }
  if (chunk.metadata.wanted) chunk.metadata.addParsed(chunk.reports, value.metadata, isWhole);
  chunk.reserve();
  const kind = internKind(chunk, value.metadata);
  const { words, length: at } = chunk;
  const flags =
    (value.action === 'remove' ? REMOVE : 0) | (value.policy === 'ignore' ? IGNORE : 0) | (cidr.ipv6 ? IPV6 : 0);
  words[at] = flags | (cidr.prefix << 8) | (kind << 16);
  words[at + 1] = tag === null ? 0 : chunk.tags.internString(tag) + 1;
  words[at + 2] = creation;
  words[at + 3] = expiration;
  words[at + 4] = packTimesHigh(creation, expiration);
  words.set(cidr.words, at + 5);
  chunk.length = at + (cidr.ipv6 ? WORDS_IPV6 : WORDS_IPV4);
  chunk.reports++;
  chunk.elements++;
  return null;
}

/** Metadata is free: only a `kind` that is text is looked at, and nothing in it makes a report invalid. */
function internKind(chunk: ReportChunk, metadata: unknown): number {
  if (!isObject(metadata) || typeof metadata.kind !== 'string' || metadata.kind === '') return 0;
  const tooLong = Buffer.byteLength(metadata.kind, 'utf8') > MAX_KIND_BYTES;
  return chunk.kinds.internString(tooLong ? OTHER : metadata.kind) + 1;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Couic takes any u64 for an expiration, and its clients write the largest one, or that of an i64, for "never". */
function clamped(expiration: unknown): unknown {
  // As a double, u64's largest value is 2^64.
  return Number.isInteger(expiration) && (expiration as number) <= 2 ** 64
    ? Math.min(expiration as number, MAX_TIMESTAMP)
    : expiration;
}

function isTimestamp(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_TIMESTAMP;
}
