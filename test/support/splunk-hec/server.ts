import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { concatenated } from './concatenated.ts';

/** An event as it was indexed. */
export interface IndexedEvent {
  readonly time?: number | string;
  readonly host?: string;
  readonly source?: string;
  readonly sourcetype?: string;
  readonly index: string;
  readonly event: unknown;
}

interface Token {
  readonly disabled?: boolean;
  /** The first is where events go that name none. */
  readonly indexes: readonly string[];
  readonly useAck?: boolean;
}

interface Reply {
  readonly status: number;
  readonly body: object | string;
}

/** The endpoint for events of a HTTP Event Collector, as its documentation has it: see the README beside. */
export class SplunkHec {
  readonly indexed: IndexedEvent[] = [];
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly url: string; readonly bytes: number }[] =
    [];
  readonly tokens = new Map<string, Token>();
  /** Requests that are answered with "Server is busy" before one is looked at. */
  busy = 0;
  /** Bytes of a body, not compressed. */
  maxContentLength = 838_860_800;
  readonly #server: Server;

  constructor(tokens: Readonly<Record<string, Token>> = {}) {
    for (const [token, what] of Object.entries(tokens)) this.tokens.set(token, what);
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { status, body } = this.#answer(request, Buffer.concat(chunks));
      response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  /** @returns its URL, without a path. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, body: Buffer): Reply {
    const { headers, method, url = '' } = request;
    if (!/^\/services\/collector(\/event(\/1\.0)?)?$/.test(url))
      return { status: 404, body: said('The requested URL was not found on this server.', 404) };
    if (method !== 'POST') return { status: 405, body: said('The method is not allowed.', 405) };
    const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    this.requests.push({ headers, url, bytes: plain.length });
    const token = this.#token(headers.authorization);
    if ('status' in token) return token;
    if (plain.length > this.maxContentLength) return { status: 413, body: 'Content-Length too large' };
    if (this.busy > 0) {
      this.busy--;
      return { status: 503, body: said('Server is busy', 9) };
    }
    if (token.useAck && headers['x-splunk-request-channel'] === undefined)
      return { status: 400, body: said('Data channel is missing', 10) };
    if (plain.toString().trim() === '') return { status: 400, body: said('No data', 5) };
    return this.#index(plain.toString(), token);
  }

  #token(authorization: string | undefined): Token | Reply {
    if (authorization === undefined) return { status: 401, body: said('Token is required', 2) };
    const [scheme, value] = authorization.split(' ');
    if (scheme !== 'Splunk' || value === undefined) return { status: 401, body: said('Invalid authorization', 3) };
    const token = this.tokens.get(value);
    if (token === undefined) return { status: 403, body: said('Invalid token', 4) };
    return token.disabled ? { status: 403, body: said('Token disabled', 1) } : token;
  }

  /** What comes before an event that is not valid is indexed, what comes after it is not. */
  #index(text: string, token: Token): Reply {
    for (const [at, part] of concatenated(text).entries()) {
      const problem = (words: string, code: number): Reply => ({
        status: 400,
        body: { ...said(words, code), 'invalid-event-number': at },
      });
      let event: Record<string, unknown>;
      try {
        event = JSON.parse(part);
      } catch {
        return problem('Invalid data format', 6);
      }
      if (event.event === undefined) return problem('Event field is required', 12);
      if (event.event === '') return problem('Event field cannot be blank', 13);
      if (/"time":"?-|"time":"?[\d.]+e/i.test(part.slice(0, part.indexOf('"event"'))))
        return problem('Error in handling indexed fields', 15);
      const index = (event.index as string | undefined) ?? token.indexes[0]!;
      if (!token.indexes.includes(index)) return problem('Incorrect index', 7);
      this.indexed.push({ ...(event as unknown as IndexedEvent), index });
    }
    return { status: 200, body: said('Success', 0) };
  }
}

function said(text: string, code: number) {
  return { text, code };
}
