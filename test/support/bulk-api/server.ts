import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32, gunzipSync } from 'node:zlib';
import { below, pick, type Random } from '../couic-sim/random.ts';

const HOUR = 3_600_000;

/** What the server does with one request in some. */
const FAULTS = [
  /** Takes it, and the answer is lost. */
  'lost',
  /** Takes nothing. */
  'unavailable',
  'reset',
  /** An answer of a proxy. */
  'nonsense',
  /** Takes every second one, and is full for the rest. */
  'full',
  /** Takes nothing, and says until when by a clock that is an hour from ours. */
  'apart',
] as const;

interface Action {
  readonly create: { readonly _id: string };
}

interface Document {
  readonly event: { readonly action: string };
  readonly couic: { readonly instance: { readonly name: string } };
}

/**
 * Elasticsearch's bulk API as a sink that is killed, slow, full and answering nonsense: keeps each id once, as one backing
 * index does. Its README says what of it was measured.
 */
export class BulkServer {
  readonly #random: Random;
  readonly #ids = new Map<string, string>();
  readonly counts = { requests: 0, faults: 0, again: 0 };
  /** Part of the documents that are refused for good: always the same ones, by their ids. */
  refused = 0;
  /** Part of the requests that meet a fault. */
  faulty = 0.2;
  #server: Server | undefined;
  #port = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** On the same port when it is started again. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  }

  /** Distinct events, by `instance event.action`. */
  byAction(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const action of this.#ids.values()) counts[action] = (counts[action] ?? 0) + 1;
    return counts;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    this.counts.requests++;
    const fault = this.#random() < this.faulty ? pick(this.#random, FAULTS) : undefined;
    if (fault !== undefined) this.counts.faults++;
    if (fault === 'reset') return void request.socket.destroy();
    if (fault === 'unavailable') return void response.writeHead(503).end();
    if (fault === 'apart')
      return void response.writeHead(503, untilSoon(Date.now() + pick(this.#random, [-1, 1]) * HOUR)).end();
    if (fault === 'nonsense') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    const lines = gunzipSync(Buffer.concat(chunks)).toString('utf8').trimEnd().split('\n');
    const items = [];
    for (let at = 0; at < lines.length; at += 2) {
      const isFull = fault === 'full' && at % 4 === 0;
      items.push({
        create: isFull
          ? { status: 429, error: { type: 'rejected_execution_exception' } }
          : this.#create(lines[at]!, lines[at + 1]!),
      });
    }
    if (fault === 'lost') return void request.socket.destroy();
    const errors = items.some(({ create }) => create.status !== 201);
    if (below(this.#random, 10) === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ errors, items }));
  }

  #create(action: string, text: string) {
    const id = (JSON.parse(action) as Action).create._id;
    if (this.#ids.has(id)) {
      this.counts.again++;
      return { status: 409, error: { type: 'version_conflict_engine_exception' } };
    }
    if (crc32(id) < this.refused * 2 ** 32) return { status: 400, error: { type: 'mapper_parsing_exception' } };
    const { event, couic } = JSON.parse(text) as Document;
    this.#ids.set(id, `${couic.instance.name} ${event.action}`);
    return { status: 201 };
  }
}

/** To be asked again in a second. @param now - of the server's clock, ms since the epoch. */
function untilSoon(now: number) {
  return { date: new Date(now).toUTCString(), 'retry-after': new Date(now + 1000).toUTCString() };
}
