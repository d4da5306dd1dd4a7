import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { formatCidr, parseCidr } from '../report/cidr.ts';
import { counted } from '../telemetry/counted.ts';
import type { CouicEvent, EventMetadata, EventNetwork } from './event.ts';
import type { EventOptions } from './options.ts';

/** What leaves of an event. */
export type Redaction = (event: CouicEvent) => CouicEvent;

type PrivacyOptions = Pick<EventOptions, 'addresses' | 'truncate' | 'metadata'>;

/** Hexadecimal digits of a pseudonym: 128 bits, so that no two networks meet. */
const PSEUDONYM_DIGITS = 32;
const MIN_KEY_BYTES = 32;

/**
 * What an exporter tells of addresses and of free text, which holds addresses as well: without `metadata` that goes with
 * the address.
 * @param key - of `addresses: hmac`.
 */
export function redaction(
  { addresses, truncate, metadata = addresses === 'keep' ? 'keep' : 'drop' }: PrivacyOptions,
  key?: Uint8Array,
): Redaction {
  if (addresses === 'keep' && metadata === 'keep') return (event) => event;
  const network = networkRedaction(addresses, truncate, key);
  return (event) => {
    if (event.name === 'couic.report.quarantined') return { ...event, text: null };
    return {
      ...event,
      network: event.network && network(event.network),
      metadata: keptMetadata(event.metadata, metadata),
      metadataCut: metadata !== 'drop' && event.metadataCut,
    };
  };
}

/**
 * The same for the text of a network, as `192.0.2.1/32`.
 * @returns what is told of it; null for nothing.
 */
export function textRedaction(
  { addresses, truncate }: Omit<PrivacyOptions, 'metadata'>,
  key?: Uint8Array,
): (network: string) => string | null {
  const redact = networkRedaction(addresses, truncate, key);
  return (text) =>
    redact({ text, address: null, type: text.includes(':') ? 'ipv6' : 'ipv4', form: 'plain' })?.text ?? null;
}

/** The key of `addresses: hmac`; undefined without a file. @throws Error that names the option, and says what to do. */
export async function readKey(file: string | undefined): Promise<Uint8Array | undefined> {
  if (file === undefined) return undefined;
  const key = await readFile(file).catch((error: Error) => {
    throw new Error(`hmac_key_file: cannot read ${file}: ${error.message}`, { cause: error });
  });
  return checkKey(key, file);
}

/** @throws Error that names the option, when the key is short. */
export function checkKey(key: Uint8Array, file: string): Uint8Array {
  if (key.length >= MIN_KEY_BYTES) return key;
  throw new Error(
    `hmac_key_file: ${file} has ${counted(key.length, 'bytes')}, and a key that cannot be guessed has at least ${MIN_KEY_BYTES}: make one with "openssl rand -out ${file} 32"`,
  );
}

function networkRedaction(
  addresses: PrivacyOptions['addresses'],
  truncate: PrivacyOptions['truncate'],
  key: Uint8Array | undefined,
): (network: EventNetwork) => EventNetwork | null {
  switch (addresses) {
    case 'keep':
      return (network) => network;
    case 'drop':
      return () => null;
    case 'truncate':
      return (network) => truncated(network, truncate[network.type]);
    case 'hmac':
      if (key === undefined) throw new Error('addresses: hmac without a key');
      return ({ text, type }) => {
        const digits = createHmac('sha256', key).update(text).digest('hex').slice(0, PSEUDONYM_DIGITS);
        return { text: `hmac-sha256:${digits}`, address: null, type, form: 'pseudonym' };
      };
  }
}

/** A network that is larger already stays as it is. */
function truncated(network: EventNetwork, bits: number): EventNetwork {
  const cidr = parseCidr(network.text)!;
  const [address] = network.text.split('/');
  const larger = parseCidr(`${address}/${Math.min(bits, cidr.prefix)}`)!;
  return { text: formatCidr(larger), address: null, type: network.type, form: 'truncated' };
}

function keptMetadata(
  metadata: EventMetadata | null,
  kept: 'keep' | 'drop' | readonly (keyof EventMetadata)[],
): EventMetadata | null {
  if (metadata === null || kept === 'drop') return null;
  if (kept === 'keep') return metadata;
  const some = kept.filter((name) => metadata[name] !== undefined).map((name) => [name, metadata[name]]);
  return some.length === 0 ? null : Object.fromEntries(some);
}
