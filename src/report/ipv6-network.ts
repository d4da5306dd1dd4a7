// biome-ignore-all lint/suspicious/noAssignInExpressions: each byte is loaded once, where it is tested
import { maskWord } from './cidr.ts';

const QUOTE = 0x22;
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
/** What a byte is worth as a hexadecimal digit, or -1; small ones, as they are printed. */
const HEX_DIGIT = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) HEX_DIGIT[digit.toString(16).charCodeAt(0)] = digit;

/** What `readIpv6` read: the four words of the address, host bits cleared, and the prefix length. */
export const ipv6 = new Int32Array(5);
export const PREFIX = 4;
const groups = new Uint16Array(8);

/** Reads an IPv6 network up to its quote, as it is printed; of others, dotted IPv4 among them, it may leave the reading to parseCidr. @returns where the quote is, or -1. */
export function readIpv6(b: Uint8Array, p: number, n: number): number {
  let count = 0;
  let gap = -1;
  if (p + 1 < n && b[p] === COLON && b[p + 1] === COLON) {
    gap = 0;
    p += 2;
  }
  while (p < n && !(b[p] === SLASH && gap === count)) {
    const first = p;
    let group = 0;
    let digit = 0;
    while (p < n && (digit = HEX_DIGIT[b[p]!]!) >= 0) {
      group = (group << 4) | digit;
      p++;
    }
    if (p === first || p - first > 4 || count === 8) return -1;
    groups[count++] = group;
    if (p >= n || b[p] === SLASH) break;
    if (b[p++] !== COLON) return -1;
    if (p < n && b[p] === COLON) {
      if (gap >= 0) return -1;
      gap = count;
      p++;
    }
  }
  if (p >= n || (gap < 0 ? count !== 8 : count === 8)) return -1;

  const first = ++p;
  let prefix = 0;
  let c = 0;
  while (p < n && (c = b[p]!) >= ZERO && c <= NINE) {
    prefix = prefix * 10 + (c - ZERO);
    p++;
  }
  if (p === first || p - first > 3 || (b[first] === ZERO && p - first > 1) || prefix > 128 || c !== QUOTE) return -1;
  if (p >= n) return -1;

  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count);
    groups.fill(0, gap, 8 - (count - gap));
  }
  ipv6[PREFIX] = prefix;
  for (let i = 0; i < 4; i++) ipv6[i] = maskWord((groups[2 * i]! << 16) | groups[2 * i + 1]!, prefix - 32 * i);
  return p;
}
