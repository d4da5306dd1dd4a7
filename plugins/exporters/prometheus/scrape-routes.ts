import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CLOSE } from '../../../src/http/http-faults.ts';
import type { RouterOptions } from '../../../src/http/router.ts';
import { HeldTexts } from './held-texts.ts';
import type { SharedScrapes } from './shared-scrapes.ts';
import type { TextFormat } from './text-format.ts';

interface ScrapeRoutesOptions {
  readonly path: string;
  readonly scrapes: SharedScrapes;
  /** @param accept - the header of a scraper. */
  formatFor(accept: string | undefined): TextFormat;
  onError(error: unknown): void;
}

/** What the scrape port answers: the metrics on their path, and on `/` where they are, to a person with a browser. */
export function scrapeRoutes({ path, scrapes, formatFor, onError }: ScrapeRoutesOptions): RouterOptions {
  const held = new HeldTexts();
  const scrape = async (request: FastifyRequest, reply: FastifyReply) => {
    const format = formatFor(request.headers.accept);
    const text = await scrapes.text(format);
    if (reply.raw.destroyed) return;
    reply.headers({ 'content-type': format.contentType, 'content-length': text.bytes });
    if (request.method === 'HEAD') {
      reply.send();
      return;
    }
    held.hold(text, reply.raw);
    reply.send(Readable.from(text.pieces, { objectMode: false }));
  };
  return {
    routes: [
      { path, methods: ['GET', 'HEAD'], answer: scrape },
      {
        path: '/',
        methods: ['GET', 'HEAD'],
        answer: (_request, reply) => {
          const page = `<!doctype html>\n<title>couic-otel-bridge</title>\n<p>couic-otel-bridge: <a href="${path}">metrics</a>\n`;
          reply.header('content-type', 'text/html; charset=utf-8').send(page);
        },
      },
    ],
    notFound: (_request, reply) => answerText(reply.headers(CLOSE), 404, `Not found. Metrics are at ${path}\n`),
    methodNotAllowed: ({ method }, reply) =>
      answerText(reply.headers({ ...CLOSE, allow: 'GET, HEAD' }), 405, `${method} is not answered here: use GET\n`),
    failed: (error, _request, reply) => {
      onError(error);
      answerText(reply, 500, `Collecting metrics failed: ${error instanceof Error ? error.message : error}\n`);
    },
  };
}

function answerText(reply: FastifyReply, status: number, text: string): void {
  reply.code(status).header('content-type', 'text/plain; charset=utf-8').send(text);
}
