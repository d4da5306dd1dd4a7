import { isLoopback } from '../../../src/config/endpoint.ts';
import { parsedText } from '../../../src/config/parsed-text.ts';

/** Where the API of a Couic is. */
export interface ApiEndpoint {
  /** Scheme, host, port and a path, if any, without a last slash. For a socket: what HTTP calls it. */
  readonly url: string;
  /** Path of the Unix socket. */
  readonly socketPath?: string;
  /** As it was configured, for messages. */
  readonly shown: string;
}

const EXPECTED = 'expected unix:///var/run/couic/couic.sock or https://host:port';

/** @returns the endpoint, or what is wrong with the text. */
function parseApiEndpoint(text: string): ApiEndpoint | string {
  if (text.startsWith('unix:')) {
    const socketPath = text.replace(/^unix:(\/\/)?/, '');
    return socketPath.startsWith('/')
      ? { url: 'http://couic', socketPath, shown: `unix://${socketPath}` }
      : 'a socket needs its whole path: unix:///var/run/couic/couic.sock';
  }
  if (!URL.canParse(text)) return EXPECTED;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return EXPECTED;
  if (url.username !== '' || url.password !== '') return 'leave user and password out: Couic takes a token';
  if (url.search !== '' || url.hash !== '') return 'leave out what follows ? and #';
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return 'use https: the token would cross the network in clear';
  }
  const shown = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  return { url: shown, shown };
}

export const apiEndpointSchema = parsedText(parseApiEndpoint);
