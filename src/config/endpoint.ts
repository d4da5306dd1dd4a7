import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { parsedText } from './parsed-text.ts';

/** Where a listener listens. */
export interface Endpoint {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Of IPv4 addresses that are mapped into IPv6 (`::ffff:127.0.0.1`) Node looks at the address inside. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only this host can reach a listener on `host`. Names other than `localhost` are not resolved: false. */
export function isLoopback(host: string): boolean {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (isIPv4(bare)) return LOOPBACK.check(bare, 'ipv4');
  if (isIPv6(bare)) return LOOPBACK.check(bare, 'ipv6');
  return bare.toLowerCase() === 'localhost';
}

/** Writes an endpoint as it is written in the configuration, IPv6 in brackets. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const EVERY_ADDRESS = new Set(['0.0.0.0', '::']);

/** What others are told to send to: of a listener on every address, nobody can know which leads there. */
export function endpointForOthers({ host, port }: Endpoint): string {
  return EVERY_ADDRESS.has(host) ? `ADDRESS-OF-THIS-HOST:${port}` : formatEndpoint({ host, port });
}

/** @returns the endpoint, or what is wrong with the text. */
function parseEndpoint(text: string): Endpoint | string {
  if (/^[a-z]+:\/\//i.test(text)) return 'expected host:port without a scheme, as in 127.0.0.1:8000';
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(/^\d{1,5}$/.test(text) ? `:${text}` : text);
  if (!match) {
    return isIPv6(text) || /^[^[]*:[^[]*:/.test(text)
      ? 'an IPv6 address needs brackets and a port: [::1]:8000'
      : 'expected host:port, as in 127.0.0.1:8000';
  }
  const [, v6, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return `port ${port} is too large: the highest is 65535`;
  if (v6 !== undefined) return isIPv6(v6) ? { host: v6, port } : `"${v6}" is not an IPv6 address`;
  if (name === '') {
    return `name the host: 127.0.0.1:${port} for this host alone, 0.0.0.0:${port} or [::]:${port} for every address`;
  }
  if (!isIPv4(name as string) && !/^(?=.*[a-z_])[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(name as string)) {
    return `"${name}" is neither a host name nor an address`;
  }
  return { host: name as string, port };
}

/** `host:port` of a listener: `127.0.0.1:8000`, `localhost:8000`, `[::1]:8000`. Port 0 lets the system choose. */
export const endpointSchema = parsedText(parseEndpoint);
