import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../src/clock.ts';

/** What one scrape answers. `pieces` are made one by one, as they are written. */
export interface Scrape {
  readonly contentType: string;
  readonly pieces: Iterable<string>;
}

export interface ScrapeHandlerOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Collects. A rejection becomes a 500 with its message. */
  scrape(accept: string | undefined): Promise<Scrape>;
  onError(error: unknown): void;
}

/** Writes are gathered to this many characters, to spare system calls. */
const WRITE_CHARACTERS = 65_536;
/** After this long, a scrape makes room for whatever else waits for the event loop. */
const SLICE_MS = 5;

/** Answers GET and HEAD on one path. */
export class ScrapeHandler {
  readonly #options: ScrapeHandlerOptions;

  constructor(options: ScrapeHandlerOptions) {
    this.#options = options;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    void this.#handle(request, response);
  };

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Without a listener, a client that hangs up would end the process.
    response.on('error', () => {});
    request.resume();
    const path = request.url?.split('?')[0];
    if (path !== this.#options.path) {
      answer(response, 404, `Not found. Metrics are at ${this.#options.path}\n`);
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      answer(response, 405, `${request.method} is not answered here: use GET\n`);
    } else {
      await this.#answerScrape(request, response);
    }
  }

  async #answerScrape(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { contentType, pieces } = await this.#options.scrape(request.headers.accept);
      response.writeHead(200, { 'Content-Type': contentType });
      if (request.method === 'GET') await this.#write(response, pieces);
      response.end();
    } catch (error) {
      this.#options.onError(error);
      // Half a scrape must not look like a whole one: what was not collected would seem to have vanished.
      if (response.headersSent) response.destroy();
      else answer(response, 500, `Collecting metrics failed: ${messageOf(error)}\n`);
    }
  }

  async #write(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
    const { clock } = this.#options;
    let sliceEnds = clock.monotonic() + SLICE_MS;
    let text = '';
    for (const piece of pieces) {
      text += piece;
      if (text.length >= WRITE_CHARACTERS) {
        if (response.destroyed) return;
        if (!response.write(text)) await drained(response);
        text = '';
      }
      if (clock.monotonic() >= sliceEnds) {
        await setImmediate();
        sliceEnds = clock.monotonic() + SLICE_MS;
      }
    }
    if (text !== '') response.write(text);
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}

/** Resolves when there is room again, or when the client is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
