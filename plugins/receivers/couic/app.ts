import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type FastifyInstance, type FastifyReply, fastify, type HTTPMethods } from 'fastify';
import type { ReportHandler } from './report-handler.ts';
import type { Tokens } from './tokens.ts';

export type HandleRequest = (request: IncomingMessage, response: ServerResponse) => void;

const OPEN_ROUTE = '/v1/reports';
const TOKEN_ROUTE = '/v1/reports/{token}';
const TOKEN_PATTERN = '/v1/reports/:token';

/**
 * The HTTP side of the receiver, apart from listening: `inject()` works on it as it is. Fastify's own logging stays
 * off, since it writes the path of each request, and the path holds the token; so do the messages of its errors.
 * @param createServer - makes the server that will listen.
 */
export function buildApp(
  handler: ReportHandler,
  tokens: Tokens,
  createServer?: (handle: HandleRequest) => Server,
): FastifyInstance {
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    // The server that listens has its own.
    clientErrorHandler: () => {},
    // A token that is too long is a wrong token, and its answer is 401. The header limit of Node bounds it.
    routerOptions: { maxParamLength: 65_536, ignoreTrailingSlash: true },
    frameworkErrors: (_error, request, reply) =>
      handler.refuse('ERR_NOT_FOUND', handler.begin(undefined, request, reply as FastifyReply)),
    ...(createServer && { serverFactory: (handle: HandleRequest) => createServer(handle) }),
  });

  // Everything is answered in the first hook: the body is the ledger's to read, whatever type it says it is, and Fastify
  // is not to parse it.
  app.post<{ Params: { token: string } }>(TOKEN_PATTERN, {
    onRequest: (request, reply) => {
      const exchange = handler.begin(TOKEN_ROUTE, request, reply as FastifyReply);
      handler.receive(tokens.authenticate(request.params.token), exchange);
    },
    handler: notReached,
  });
  app.post(OPEN_ROUTE, {
    onRequest: (request, reply) => handler.receive(tokens.open, handler.begin(OPEN_ROUTE, request, reply)),
    handler: notReached,
  });

  const method = app.supportedMethods.filter((each) => each !== 'POST') as HTTPMethods[];
  for (const [url, route] of [
    [OPEN_ROUTE, OPEN_ROUTE],
    [TOKEN_PATTERN, TOKEN_ROUTE],
  ] as const) {
    app.route({
      method,
      url,
      onRequest: (request, reply) => handler.refuse('ERR_METHOD_NOT_ALLOWED', handler.begin(route, request, reply)),
      handler: notReached,
    });
  }
  // Of a path that is not there Fastify looks at the type before it says so.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setNotFoundHandler((request, reply) => handler.refuse('ERR_NOT_FOUND', handler.begin(undefined, request, reply)));
  app.setErrorHandler((error, request, reply) => handler.fail(error, handler.begin(undefined, request, reply)));
  return app;
}

function notReached(): void {}
