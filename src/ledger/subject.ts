import type { Erasure } from '../log/log.ts';
import { type Cidr, formatCidr, maskWord, parseAddress } from '../report/cidr.ts';
import { cidrOf } from '../report/packed.ts';

const SPACE = 0x20;
/** What stands for nothing where text is Base64: zero bits. */
const NO_BITS = 0x41;
/** Base64 of less says too little. */
const LEAST_BASE64 = 8;

/** An address, a network with all that is in it, or a tag: what is to be erased. */
export class Subject implements Erasure {
  readonly network: Cidr | null;
  readonly tag: string | null;
  /** A tag may be a word of ours as well. */
  readonly isWord: boolean;
  readonly #scrub: (text: string, bytes: Uint8Array) => boolean;

  /** @throws Error that says what is expected. */
  constructor({ network, tag }: { readonly network?: string | undefined; readonly tag?: string | undefined }) {
    this.tag = tag ?? null;
    this.isWord = tag !== undefined;
    this.network = network === undefined ? null : parseAddress(network);
    if (tag === undefined && this.network === null)
      throw new Error('that is no address and no network, as in 192.0.2.1 or 2001:db8::/32');
    this.#scrub = this.network === null ? tagScrubber(tag!) : networkScrubber(this.network);
  }

  /** To be made from again: see `fromNote`. */
  get note(): Uint8Array {
    return Buffer.from(
      JSON.stringify({ network: this.network ? formatCidr(this.network) : undefined, tag: this.tag ?? undefined }),
    );
  }

  static fromNote(note: Uint8Array): Subject {
    return new Subject(JSON.parse(Buffer.from(note).toString('utf8')));
  }

  get text(): string {
    return this.network === null ? `tag ${this.tag}` : formatCidr(this.network);
  }

  /** Whether a packed report is of it. @param tag - the report's. */
  isOf(words: Int32Array, at: number, tag: string | null): boolean {
    return this.network === null ? tag === this.tag : isInside(cidrOf(words, at), this.network);
  }

  scrub(bytes: Uint8Array): boolean {
    const { buffer, byteOffset, length } = bytes;
    return this.#scrub(Buffer.from(buffer, byteOffset, length).toString('latin1'), bytes);
  }

  /** Whether a text has it in it. */
  isIn(text: string): boolean {
    return this.scrub(Buffer.from(text, 'utf8'));
  }
}

/** Whether a network is another one or a part of it. */
function isInside(inner: Cidr, { ipv6, prefix, words }: Cidr): boolean {
  if (inner.ipv6 !== ipv6 || inner.prefix < prefix) return false;
  return words.every((word, i) => maskWord(inner.words[i]!, prefix - 32 * i) === word);
}

function tagScrubber(tag: string): (text: string, bytes: Uint8Array) => boolean {
  const raw = Buffer.from(tag, 'utf8')
    .toString('latin1')
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`(?<![A-Za-z0-9_.-])${raw}(?![A-Za-z0-9_.-])`, 'g');
  return (text, bytes) => {
    let found = false;
    for (const match of text.matchAll(pattern)) {
      bytes.fill(SPACE, match.index, match.index + match[0].length);
      found = true;
    }
    return found;
  };
}

function networkScrubber(network: Cidr): (text: string, bytes: Uint8Array) => boolean {
  const encoded = base64Of(network);
  const patterns = network.ipv6 ? [ipv6Pattern(network)] : [ipv4Pattern(network), MAPPED];
  return (text, bytes) => {
    let found = false;
    const overwrite = (from: number, length: number, by: number) => {
      bytes.fill(by, from, from + length);
      found = true;
    };
    for (const pattern of patterns) {
      pattern.lastIndex = 0;
      for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
        // Others may begin within it: `10.192.0.2.1` has two.
        pattern.lastIndex = match.index + 1;
        const address = addressIn(match[0]);
        if (address && isInside(unmapped(address.cidr), network)) overwrite(match.index, address.length, SPACE);
      }
    }
    for (const each of encoded) {
      for (let at = text.indexOf(each); at !== -1; at = text.indexOf(each, at + 1)) overwrite(at, each.length, NO_BITS);
    }
    return found;
  };
}

/** What may be an address of the network: with all in it that is fixed, since texts are long and full of other addresses. */
function ipv4Pattern({ prefix, words: [word] }: Cidr): RegExp {
  const octets = [24, 16, 8, 0].map((shift, i) =>
    prefix >= 8 * (i + 1) ? `0{0,2}${(word >>> shift) & 255}` : '\\d{1,3}',
  );
  return new RegExp(`(?<!\\d)${octets.join('\\.')}(?!\\d)`, 'g');
}

function ipv6Pattern({ prefix, words: [word] }: Cidr): RegExp {
  const first = word >>> 16;
  const begin = prefix >= 16 && first !== 0 ? `0{0,3}${first.toString(16)}:` : '(?:[0-9a-f]{1,4})?:';
  return new RegExp(`(?<![0-9a-f])${begin}[0-9a-f:.]{1,41}`, 'gi');
}

/** An address of IPv4 that is written as one of IPv6, all in hexadecimal digits. */
const MAPPED = /(?<![0-9a-f:])[0:]{2,30}ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}(?![0-9a-f:.])/gi;

/** The address in what looks like one. Leading zeros, which some programs write, do no harm; a full stop or a colon may follow. */
function addressIn(text: string): { cidr: Cidr; length: number } | undefined {
  const candidates = text.includes(':') ? [text, text.replace(/[.:]+$/, '')] : [text];
  for (const each of candidates) {
    const cidr = parseAddress(each.includes(':') ? each : each.split('.').map(Number).join('.'));
    if (cidr) return { cidr, length: each.length };
  }
  return undefined;
}

/** Of an IPv6 address that stands for one of IPv4, that one. */
function unmapped(cidr: Cidr): Cidr {
  const [a, b, c, d] = cidr.words as number[];
  const isMapped = cidr.ipv6 && cidr.prefix === 128 && a === 0 && b === 0 && c === 0xffff;
  return isMapped ? { ipv6: false, prefix: 32, words: [d!] } : cidr;
}

/** The text of a single address, as Base64 has it at each of the three places where it may begin. */
function base64Of(network: Cidr): string[] {
  if (network.prefix !== (network.ipv6 ? 128 : 32)) return [];
  const [text] = formatCidr(network).split('/') as [string];
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.from(`${'\0'.repeat(before)}${text}`)
      .toString('base64')
      .replace(/=+$/, '');
    const whole = Math.floor(((before + text.length) * 8) / 6);
    const core = encoded.slice(Math.ceil((before * 8) / 6), whole);
    return core.length < LEAST_BASE64 ? [] : [core];
  });
}
