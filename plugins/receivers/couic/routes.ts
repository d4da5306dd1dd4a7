import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouterOptions } from '../../../src/http/router.ts';
import type { Tokens } from '../../../src/http/tokens.ts';
import type { ReportHandler } from './report-handler.ts';

const OPEN = '/v1/reports';
const WITH_TOKEN = '/v1/reports/:token';
/** As metrics show them. */
const LABELS: Readonly<Record<string, string>> = { [OPEN]: OPEN, [WITH_TOKEN]: '/v1/reports/{token}', '/': '/' };

const WELCOME = 'couic-otel-bridge takes reports of Couic here: POST /v1/reports/{token}\n';

/** What the receiver answers on which path. */
export function reportRoutes(handler: ReportHandler, tokens: Tokens): RouterOptions {
  const begin = (path: string | undefined, request: FastifyRequest, reply: FastifyReply) =>
    handler.begin(path && LABELS[path], request, reply);
  return {
    routes: [
      {
        path: WITH_TOKEN,
        methods: ['POST'],
        answer: (request, reply) => {
          const { token } = request.params as { token: string };
          handler.receive(tokens.authenticate(token), begin(WITH_TOKEN, request, reply));
        },
      },
      {
        path: OPEN,
        methods: ['POST'],
        answer: (request, reply) => handler.receive(tokens.open, begin(OPEN, request, reply)),
      },
      {
        path: '/',
        methods: ['GET', 'HEAD'],
        // A connection that asks this has not shown a token, and is not kept.
        answer: (_request, reply) =>
          void reply.headers({ connection: 'close', 'content-type': 'text/plain; charset=utf-8' }).send(WELCOME),
      },
    ],
    notFound: (request, reply) => handler.refuse('ERR_NOT_FOUND', begin(undefined, request, reply)),
    methodNotAllowed: (request, reply, { path }) => {
      // Reports that are sent to "/" have the wrong path, not the wrong method.
      if (path === '/') handler.refuse('ERR_NOT_FOUND', begin(undefined, request, reply));
      else handler.refuse('ERR_METHOD_NOT_ALLOWED', begin(path, request, reply));
    },
    failed: (error, request, reply) => handler.fail(error, begin(undefined, request, reply)),
  };
}
