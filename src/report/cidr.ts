/** A network: its family, prefix length and address words, most significant first, host bits cleared. */
export interface Cidr {
  ipv6: boolean;
  prefix: number;
  words: [number] | [number, number, number, number];
}

/**
 * Parses `1.2.3.4/32` or `2001:db8::/32`: what Rust's `ipnet` prints, and every other spelling of RFC 4291.
 * A prefix is required. Host bits are cleared, since Couic keeps networks.
 * @returns null when it is not a network.
 */
export function parseCidr(text: string): Cidr | null {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return null;
  const address = text.slice(0, slash);
  const prefixText = text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(prefixText)) return null;
  const prefix = Number(prefixText);
  if (!address.includes(':')) {
    const word = parseIpv4(address);
    if (word === null || prefix > 32) return null;
    return { ipv6: false, prefix, words: [maskWord(word, prefix)] };
  }
  const words = parseIpv6(address);
  if (words === null || prefix > 128) return null;
  return {
    ipv6: true,
    prefix,
    words: words.map((word, i) => maskWord(word, prefix - 32 * i)) as [number, number, number, number],
  };
}

/** The same, or a single address without a prefix. */
export function parseAddress(text: string): Cidr | null {
  if (text.includes('/')) return parseCidr(text);
  return parseCidr(`${text}${text.includes(':') ? '/128' : '/32'}`);
}

/** The first `bits` of a 32-bit word; all for 32 and more, none for 0 and less. As a signed 32-bit number. */
export function maskWord(word: number, bits: number): number {
  if (bits >= 32) return word | 0;
  if (bits <= 0) return 0;
  return word & (-1 << (32 - bits));
}

function parseIpv4(text: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  let word = 0;
  for (const octet of match.slice(1)) {
    // A leading zero is octal to some and decimal to others; Rust refuses it too.
    if ((octet.length > 1 && octet.startsWith('0')) || Number(octet) > 255) return null;
    word = (word << 8) | Number(octet);
  }
  return word;
}

function parseIpv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return [0, 2, 4, 6].map((i) => (groups[i]! << 16) | groups[i + 1]!);
}

/** @param last - whether these groups end the address: only there may dotted IPv4 stand for two groups. */
function parseGroups(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const word = last && i === parts.length - 1 ? parseIpv4(part) : null;
    if (word === null) return null;
    groups.push(word >>> 16, word & 0xffff);
  }
  return groups;
}

/** RFC 5952 text with the prefix. */
export function formatCidr(cidr: Cidr): string {
  if (!cidr.ipv6) {
    const word = cidr.words[0];
    return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}/${cidr.prefix}`;
  }
  const groups = cidr.words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let [bestStart, bestLength] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [i, length];
    i += length;
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  const address =
    bestStart < 0 ? hex(groups) : `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`;
  return `${address}/${cidr.prefix}`;
}
