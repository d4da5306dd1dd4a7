import type { FastifyReply, FastifyRequest } from 'fastify';
import { discardRequest } from '../../../src/http/discard-request.ts';
import type { FailureBrake } from '../../../src/http/failure-brake.ts';
import type { RouterOptions } from '../../../src/http/router.ts';
import { contentTypeOf, type RefusalCode, refusalOf, responseOf, statusOf } from './answers.ts';
import { ACCEPTED_ENCODINGS, BodyBudget, RefusedBody, readBody } from './body.ts';
import type { HttpConfig } from './config.ts';
import type { Desk } from './desk.ts';
import type { Encoding } from './intake.ts';

/** Bytes of bodies in memory, of all requests: more are to be sent again. A single body may be larger, up to its own bound. */
const MOST_BODIES = 64 * 1024 * 1024;
const PATH = '/v1/metrics';
const WELCOME = 'couic-otel-bridge takes metrics over OTLP here: POST /v1/metrics\n';
/** Answers to who does not know a token or the path. */
const SLOWED: ReadonlySet<number> = new Set([401, 403, 404, 405]);

interface HttpHandlerOptions {
  readonly desk: Desk;
  readonly config: HttpConfig;
  readonly failures: FailureBrake;
  /** Whether a header has a token; everything has, when there is none. */
  readonly mayEnter: (authorization: string | undefined) => boolean;
}

/** OTLP over HTTP. @see https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export class HttpHandler {
  readonly #options: HttpHandlerOptions;
  readonly #budget = new BodyBudget(MOST_BODIES);

  constructor(options: HttpHandlerOptions) {
    this.#options = options;
  }

  get routes(): RouterOptions {
    return {
      routes: [
        { path: PATH, methods: ['POST'], answer: (request, reply) => this.#take(request, reply) },
        {
          path: '/',
          methods: ['GET', 'HEAD'],
          answer: (_request, reply) =>
            void reply.headers({ connection: 'close', 'content-type': 'text/plain; charset=utf-8' }).send(WELCOME),
        },
      ],
      notFound: (request, reply) => this.#refuse('ERR_NOT_FOUND', request, reply),
      methodNotAllowed: (request, reply, { path }) =>
        this.#refuse(path === '/' ? 'ERR_NOT_FOUND' : 'ERR_METHOD_NOT_ALLOWED', request, reply),
      failed: (error, request, reply) => {
        const { statusCode = 500 } = error as { statusCode?: number };
        // What Fastify looks at before it knows that there is no such path.
        this.#refuse(statusCode < 500 ? 'ERR_NOT_FOUND' : 'ERR_INTERNAL', request, reply, { err: error });
      },
    };
  }

  async #take(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { desk, config, mayEnter } = this.#options;
    const { headers } = request.raw;
    const encoding = encodingOf(headers['content-type']);
    if (!mayEnter(headers.authorization)) return this.#refuse('ERR_UNAUTHORIZED', request, reply);
    if (headers.origin !== undefined) return this.#refuse('ERR_BROWSER', request, reply);
    if (!encoding) return this.#refuse('ERR_CONTENT_TYPE', request, reply);
    const busy = desk.enter();
    if (busy) return this.#refuse(busy, request, reply);
    try {
      const limits = { maxBytes: config.max_request_body_size, timeout: config.read_timeout, budget: this.#budget };
      const body = await readBody(request.raw, limits);
      const outcome = await desk.take(body.bytes, encoding).finally(() => body.release());
      if ('code' in outcome) this.#refuse(outcome.code, request, reply, {}, outcome.message);
      else this.#answer(200, responseOf(outcome.taken, encoding), encoding, reply);
    } catch (error) {
      if (!(error instanceof RefusedBody)) throw error;
      if (error.code) this.#refuse(error.code, request, reply);
    } finally {
      desk.leave();
    }
  }

  #refuse(
    code: RefusalCode,
    request: FastifyRequest,
    reply: FastifyReply,
    details: Readonly<Record<string, unknown>> = {},
    message?: string,
  ): void {
    const { desk, failures } = this.#options;
    const { status, headers = {}, retryAfter } = refusalOf(code);
    const encoding = encodingOf(request.raw.headers['content-type']) ?? 'json';
    desk.refused(code, { ...details, remoteAddress: request.raw.socket.remoteAddress });
    reply.headers({ ...headers });
    if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
    if (code === 'ERR_CONTENT_ENCODING') reply.header('accept-encoding', ACCEPTED_ENCODINGS);
    discardRequest(request.raw);
    const answer = () => this.#answer(status, statusOf(code, encoding, message), encoding, reply);
    if (SLOWED.has(status)) failures.slow(answer, () => request.raw.destroy());
    else answer();
  }

  #answer(status: number, body: Uint8Array, encoding: Encoding, reply: FastifyReply): void {
    if (this.#options.desk.isStopping) reply.header('connection', 'close');
    reply.code(status).header('content-type', contentTypeOf(encoding)).send(Buffer.from(body));
  }
}

function encodingOf(contentType: string | undefined): Encoding | undefined {
  const [type = ''] = (contentType ?? '').split(';', 1);
  switch (type.trim().toLowerCase()) {
    case 'application/x-protobuf':
    case 'application/protobuf':
      return 'protobuf';
    case 'application/json':
      return 'json';
    default:
      return undefined;
  }
}
