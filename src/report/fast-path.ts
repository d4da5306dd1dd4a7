// biome-ignore-all lint/suspicious/noAssignInExpressions: each byte is loaded once, where it is tested
import { parseCidr } from './cidr.ts';
import { ipv6, PREFIX, readIpv6 } from './ipv6-network.ts';
import { IGNORE, IPV6, MAX_TIMESTAMP, packTimesHigh, REMOVE, WORDS_IPV4, WORDS_IPV6 } from './packed.ts';
import type { ReportChunk } from './report-chunk.ts';
import { MAX_KIND_BYTES, MAX_TAG_LENGTH } from './validate.ts';

/*
 * The hot path: a report as Couic's serde_json writes it, field after field, without a space. One pass over the bytes,
 * no string and no object made. It may give up anywhere (-1), and then the report goes through JSON.parse and
 * validate.ts; so it knows only what is common, and must never take what those two would refuse or read otherwise.
 *
 * The fixed text between the values is compared eight bytes at a time, as float64: one load and one comparison.
 * That is exact, since eight ASCII characters are never the bits of a NaN nor of a zero (the exponent's bits would
 * have to be all ones or all zeros), and other numbers are equal only when their bits are.
 */

/** Eight bytes of a text as the float64 they are. A text is compared in overlapping groups, the last flush with its end. */
function bits(text: string, offset: number): number {
  const bytes = new Uint8Array(8);
  for (let i = 0; i < 8; i++) bytes[i] = text.charCodeAt(offset + i);
  return new DataView(bytes.buffer).getFloat64(0, true);
}

const ADD = '{"action":"add","policy":"';
const ADD_0 = bits(ADD, 0);
const ADD_8 = bits(ADD, 8);
const ADD_16 = bits(ADD, 16);
const ADD_18 = bits(ADD, 18);
const RM = '{"action":"remove","policy":"';
const RM_8 = bits(RM, 8);
const RM_16 = bits(RM, 16);
const RM_21 = bits(RM, 21);
const DROP = 'drop","entry":{"creation":';
const DROP_0 = bits(DROP, 0);
const DROP_8 = bits(DROP, 8);
const DROP_16 = bits(DROP, 16);
const DROP_18 = bits(DROP, 18);
const IGN = 'ignore","entry":{"creation":';
const IGN_0 = bits(IGN, 0);
const IGN_8 = bits(IGN, 8);
const IGN_16 = bits(IGN, 16);
const IGN_20 = bits(IGN, 20);
const CIDR = ',"cidr":"';
const CIDR_0 = bits(CIDR, 0);
const CIDR_1 = bits(CIDR, 1);
const TAG_0 = bits('","tag":', 0);
const EXP = ',"expiration":';
const EXP_0 = bits(EXP, 0);
const EXP_6 = bits(EXP, 6);
const META = '},"metadata":';
const META_0 = bits(META, 0);
const META_5 = bits(META, 5);
const KIND = '{"kind":"';
const KIND_0 = bits(KIND, 0);
const KIND_1 = bits(KIND, 1);
const DETAIL = '","detail":';
const DETAIL_0 = bits(DETAIL, 0);
const DETAIL_3 = bits(DETAIL, 3);
const EXTRA = ',"extra":';
const EXTRA_0 = bits(EXTRA, 0);
const EXTRA_1 = bits(EXTRA, 1);
const NULL = 0x6c6c756e; // "null", little-endian

/** Which bytes a tag may have. */
const TAG_BYTE = new Uint8Array(256);
for (const c of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.')) TAG_BYTE[c] = 1;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
/** Nesting of `extra` that is skipped here; deeper ones are left to JSON.parse. */
const MAX_DEPTH = 16;

/**
 * Scans one report that starts at `p` and adds it to the chunk.
 * @param view - over the same bytes as `b`.
 * @param n - where the bytes end.
 * @returns where the report ends, or -1: not here, and the chunk is as it was (but for strings it interned).
 */
export function scanReport(b: Uint8Array, view: DataView, p: number, n: number, chunk: ReportChunk): number {
  if (p + 57 > n || view.getFloat64(p, true) !== ADD_0) return -1;
  let flags = 0;
  if (
    view.getFloat64(p + 8, true) === ADD_8 &&
    view.getFloat64(p + 16, true) === ADD_16 &&
    view.getFloat64(p + 18, true) === ADD_18
  ) {
    p += 26;
  } else if (
    view.getFloat64(p + 8, true) === RM_8 &&
    view.getFloat64(p + 16, true) === RM_16 &&
    view.getFloat64(p + 21, true) === RM_21
  ) {
    flags = REMOVE;
    p += 29;
  } else return -1;

  // 57 bytes were there: the longest of both texts together.
  if (
    view.getFloat64(p, true) === DROP_0 &&
    view.getFloat64(p + 8, true) === DROP_8 &&
    view.getFloat64(p + 16, true) === DROP_16 &&
    view.getFloat64(p + 18, true) === DROP_18
  ) {
    p += 26;
  } else if (
    view.getFloat64(p, true) === IGN_0 &&
    view.getFloat64(p + 8, true) === IGN_8 &&
    view.getFloat64(p + 16, true) === IGN_16 &&
    view.getFloat64(p + 20, true) === IGN_20
  ) {
    flags |= IGNORE;
    p += 28;
  } else return -1;

  // Creation: digits, at most 15, so that the sum is exact; no leading zero, no sign, no fraction.
  let start = p;
  let creation = 0;
  let c = 0;
  while (p < n && (c = b[p]!) >= ZERO && c <= NINE) {
    creation = creation * 10 + (c - ZERO);
    p++;
  }
  if (p === start || p - start > 15 || (b[start] === ZERO && p - start > 1) || creation > MAX_TIMESTAMP) return -1;

  if (p + 9 > n || view.getFloat64(p, true) !== CIDR_0 || view.getFloat64(p + 1, true) !== CIDR_1) return -1;
  p += 9;

  // An IPv4 network is read here, IPv6 below; anything else up to the quote goes to parseCidr.
  start = p;
  let word = 0;
  let prefix = 0;
  let octets = 0;
  for (;;) {
    const first = p;
    let octet = 0;
    while (p < n && (c = b[p]!) >= ZERO && c <= NINE) {
      octet = octet * 10 + (c - ZERO);
      p++;
    }
    if (p === first || p - first > 3 || octet > 255 || (b[first] === ZERO && p - first > 1)) break;
    if (octets === 4) {
      if (octet <= 32 && c === QUOTE) {
        prefix = octet;
        octets = 5;
      }
      break;
    }
    word = (word << 8) | octet;
    octets++;
    if (octets === 4 ? c !== SLASH : c !== 0x2e) break;
    p++;
  }
  if (octets === 5) {
    if (prefix < 32) word = prefix === 0 ? 0 : word & (-1 << (32 - prefix));
  } else if ((p = readIpv6(b, start, n)) >= 0) {
    flags |= IPV6;
    prefix = ipv6[PREFIX]!;
  } else {
    p = start;
    while (p < n && (c = b[p]!) !== QUOTE) {
      if (p - start > 43 || c === BACKSLASH || c < 0x20 || c >= 0x80) return -1;
      p++;
    }
    if (p >= n) return -1;
    const cidr = parseCidr(Buffer.from(b.buffer, b.byteOffset + start, p - start).toString('latin1'));
    if (cidr === null) return -1;
    prefix = cidr.prefix;
    if (cidr.ipv6) {
      flags |= IPV6;
      ipv6.set(cidr.words);
    } else word = cidr.words[0];
  }

  if (p + 8 > n || view.getFloat64(p, true) !== TAG_0) return -1;
  p += 8;
  let tag = 0;
  if (p + 4 > n) return -1;
  if (b[p] === QUOTE) {
    start = ++p;
    let hash = 0x811c9dc5 | 0;
    while (p < n && TAG_BYTE[(c = b[p]!)] === 1) {
      hash = Math.imul(hash ^ c, 0x01000193);
      p++;
    }
    if (p >= n || c !== QUOTE || p - start > MAX_TAG_LENGTH) return -1;
    if (p > start) tag = chunk.tags.intern(b, start, p, hash) + 1;
    p++;
  } else {
    if (view.getInt32(p, true) !== NULL) return -1;
    p += 4;
  }

  if (p + 14 > n || view.getFloat64(p, true) !== EXP_0 || view.getFloat64(p + 6, true) !== EXP_6) return -1;
  p += 14;
  start = p;
  let expiration = 0;
  while (p < n && (c = b[p]!) >= ZERO && c <= NINE) {
    expiration = expiration * 10 + (c - ZERO);
    p++;
  }
  // Of 19 digits or fewer, every one that is too large is within u64.
  if (p === start || p - start > 19 || (b[start] === ZERO && p - start > 1)) return -1;
  if (expiration > MAX_TIMESTAMP) expiration = MAX_TIMESTAMP;

  if (p + 13 > n || view.getFloat64(p, true) !== META_0 || view.getFloat64(p + 5, true) !== META_5) return -1;
  p += 13;
  const metadata = p;
  let kind = 0;
  if (p + 9 <= n && view.getFloat64(p, true) === KIND_0 && view.getFloat64(p + 1, true) === KIND_1) {
    p += 9;
    start = p;
    let hash = 0x811c9dc5 | 0;
    while (p < n && (c = b[p]!) !== QUOTE) {
      if (c === BACKSLASH || c < 0x20 || c >= 0x80) return -1;
      hash = Math.imul(hash ^ c, 0x01000193);
      p++;
    }
    if (p - start > MAX_KIND_BYTES) return -1;
    if (p > start) kind = chunk.kinds.intern(b, start, p, hash) + 1;
    if (p + 11 > n || view.getFloat64(p, true) !== DETAIL_0 || view.getFloat64(p + 3, true) !== DETAIL_3) return -1;
    p = skipValue(b, view, p + 11, n, 0);
    if (p < 0) return -1;
    if (p + 9 > n || view.getFloat64(p, true) !== EXTRA_0 || view.getFloat64(p + 1, true) !== EXTRA_1) return -1;
    p = skipValue(b, view, p + 9, n, 0);
    if (p < 0 || p + 2 > n || b[p] !== 0x7d) return -1;
    p++;
  } else {
    if (p + 5 > n || view.getInt32(p, true) !== NULL) return -1;
    p += 4;
  }
  if (p >= n || b[p] !== 0x7d) return -1;
  p++;

  if (chunk.metadata.wanted && b[metadata] !== 0x6e) chunk.metadata.add(chunk.reports, b, metadata, p - 1);
  chunk.reserve();
  const words = chunk.words;
  const at = chunk.length;
  words[at] = flags | (prefix << 8) | (kind << 16);
  words[at + 1] = tag;
  words[at + 2] = creation;
  words[at + 3] = expiration;
  words[at + 4] = packTimesHigh(creation, expiration);
  if ((flags & IPV6) === 0) {
    words[at + 5] = word;
    chunk.length = at + WORDS_IPV4;
  } else {
    words[at + 5] = ipv6[0]!;
    words[at + 6] = ipv6[1]!;
    words[at + 7] = ipv6[2]!;
    words[at + 8] = ipv6[3]!;
    chunk.length = at + WORDS_IPV6;
  }
  chunk.reports++;
  chunk.elements++;
  return p;
}

/** @returns where the JSON value without whitespace that starts at `p` ends, or -1. */
function skipValue(b: Uint8Array, view: DataView, p: number, n: number, depth: number): number {
  if (p >= n) return -1;
  const c = b[p]!;
  if (c === QUOTE) return skipString(b, view, p + 1, n);
  if (c === 0x7b) {
    if (depth === MAX_DEPTH || p + 1 >= n) return -1;
    if (b[++p] === 0x7d) return p + 1;
    for (;;) {
      if (p >= n || b[p] !== QUOTE) return -1;
      p = skipString(b, view, p + 1, n);
      if (p < 0 || p >= n || b[p] !== 0x3a) return -1;
      p = skipValue(b, view, p + 1, n, depth + 1);
      if (p < 0 || p >= n) return -1;
      if (b[p] === 0x7d) return p + 1;
      if (b[p] !== 0x2c) return -1;
      p++;
    }
  }
  if (c === 0x5b) {
    if (depth === MAX_DEPTH || p + 1 >= n) return -1;
    if (b[++p] === 0x5d) return p + 1;
    for (;;) {
      p = skipValue(b, view, p, n, depth + 1);
      if (p < 0 || p >= n) return -1;
      if (b[p] === 0x5d) return p + 1;
      if (b[p] !== 0x2c) return -1;
      p++;
    }
  }
  if (c === 0x2d || (c >= ZERO && c <= NINE)) return skipNumber(b, p, n);
  if (p + 5 > n) return -1;
  const four = view.getInt32(p, true);
  if (four === NULL || four === 0x65757274 /* true */) return p + 4;
  if (four === 0x736c6166 /* fals */ && b[p + 4] === 0x65) return p + 5;
  return -1;
}

/** @param p - after the opening quote. @returns after the closing one, or -1. */
function skipString(b: Uint8Array, view: DataView, p: number, n: number): number {
  for (;;) {
    // Four bytes at a time while none is a quote, a backslash or a control character.
    while (p + 4 <= n) {
      const v = view.getInt32(p, true);
      const q = v ^ 0x22222222;
      const s = v ^ 0x5c5c5c5c;
      if ((((v - 0x20202020) & ~v) | ((q - 0x01010101) & ~q) | ((s - 0x01010101) & ~s)) & 0x80808080) break;
      p += 4;
    }
    if (p >= n) return -1;
    const c = b[p]!;
    if (c === QUOTE) return p + 1;
    if (c < 0x20) return -1;
    p++;
    if (c !== BACKSLASH) continue;
    if (p >= n) return -1;
    switch (b[p++]) {
      case QUOTE:
      case BACKSLASH:
      case SLASH:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        continue;
      case 0x75:
        if (p + 4 > n || !isHex(b[p]!) || !isHex(b[p + 1]!) || !isHex(b[p + 2]!) || !isHex(b[p + 3]!)) return -1;
        p += 4;
        continue;
      default:
        return -1;
    }
  }
}

function isHex(c: number): boolean {
  return (c >= ZERO && c <= NINE) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66);
}

/** A number ends before a byte that cannot belong to one; at the end of the bytes nobody knows: -1. */
function skipNumber(b: Uint8Array, p: number, n: number): number {
  if (b[p] === 0x2d) p++;
  if (p < n && b[p] === ZERO) p++;
  else {
    const first = p;
    while (p < n && b[p]! >= ZERO && b[p]! <= NINE) p++;
    if (p === first) return -1;
  }
  if (p < n && b[p] === 0x2e) {
    const first = ++p;
    while (p < n && b[p]! >= ZERO && b[p]! <= NINE) p++;
    if (p === first) return -1;
  }
  if (p < n && (b[p]! | 0x20) === 0x65) {
    p++;
    if (p < n && (b[p] === 0x2b || b[p] === 0x2d)) p++;
    const first = p;
    while (p < n && b[p]! >= ZERO && b[p]! <= NINE) p++;
    if (p === first) return -1;
  }
  return p < n ? p : -1;
}
