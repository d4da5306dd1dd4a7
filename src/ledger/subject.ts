import type { Erasure } from '../log/log.ts';
import { type Cidr, formatCidr, maskWord, parseAddress } from '../report/cidr.ts';
import { cidrOf } from '../report/packed.ts';

const SPACE = 0x20;
/** What stands for nothing where text is Base64: zero bits. */
const NO_BITS = 0x41;
/** Whatever may be an address. Matches may overlap: `10.192.0.2.1` has two. */
const IPV4 = /(?<!\d)(?:\d{1,3}\.){3}\d{1,3}(?!\d)/g;
const IPV6 = /[0-9A-Fa-f:.]{2,45}/g;
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
  const isIn = (cidr: Cidr | null) => cidr !== null && (isInside(cidr, network) || isInside(unmapped(cidr), network));
  return (text, bytes) => {
    let found = false;
    const overwrite = (from: number, length: number, by: number) => {
      bytes.fill(by, from, from + length);
      found = true;
    };
    IPV4.lastIndex = 0;
    for (let match = IPV4.exec(text); match !== null; match = IPV4.exec(text)) {
      IPV4.lastIndex = match.index + 1;
      if (isIn(ipv4Of(match[0]))) overwrite(match.index, match[0].length, SPACE);
    }
    for (const { 0: run, index } of text.matchAll(IPV6)) {
      if (run.split(':').length < 3) continue;
      const address = ipv6In(run);
      if (address && isIn(parseAddress(address))) overwrite(index + run.indexOf(address), address.length, SPACE);
    }
    for (const each of encoded) {
      for (let at = text.indexOf(each); at !== -1; at = text.indexOf(each, at + 1)) overwrite(at, each.length, NO_BITS);
    }
    return found;
  };
}

/** Leading zeros do no harm here: some programs write them. */
function ipv4Of(text: string): Cidr | null {
  const octets = text.split('.').map(Number);
  return octets.some((octet) => octet > 255) ? null : parseAddress(octets.join('.'));
}

/** The address in a run of its characters, which may end with a full stop or a colon. */
function ipv6In(run: string): string | undefined {
  for (const text of [run, run.replace(/[.:]+$/, ''), run.replace(/^:(?!:)/, ''), run.replace(/^:(?!:)|[.:]+$/g, '')])
    if (text.includes(':') && parseAddress(text)) return text;
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
