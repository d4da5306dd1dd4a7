import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify, type HTTPMethods } from 'fastify';

/** Answers a request, now or later. What it throws goes to `failed`. */
export type Answer = (request: FastifyRequest, reply: FastifyReply) => void | Promise<void>;

interface Route {
  /** As Fastify writes it: `/v1/reports/:token`. */
  readonly path: string;
  readonly methods: readonly HTTPMethods[];
  readonly answer: Answer;
}

export interface RouterOptions {
  readonly routes: readonly Route[];
  readonly notFound: Answer;
  /** @param route - of another method. */
  methodNotAllowed(request: FastifyRequest, reply: FastifyReply, route: Route): void;
  failed(error: unknown, request: FastifyRequest, reply: FastifyReply): void;
}

/**
 * The router of every listener: Fastify, apart from listening, so that `inject()` works on it as it is. Everything is
 * answered in its first hook: bodies are for the answers to read, whatever type they say they are, and Fastify parses
 * none. Its own logging stays off, since it writes the path of each request, and a path can hold a token; so do the
 * messages of its errors. Once it is `ready()`, its `routing` answers the requests of whatever server listens.
 */
export function createRouter(options: RouterOptions): FastifyInstance {
  const { routes, notFound, methodNotAllowed, failed } = options;
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    // The server that listens has its own.
    clientErrorHandler: () => {},
    // A token that is too long is a wrong token, and its answer is 401. The header limit of Node bounds it.
    routerOptions: { maxParamLength: 65_536, ignoreTrailingSlash: true },
    frameworkErrors: (_error, request, reply) => void notFound(request, reply as FastifyReply),
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });

  const first = (answer: Answer) => (request: FastifyRequest, reply: FastifyReply) => {
    // A promise that Fastify sees would let it go on to the next hook.
    answer(request, reply)?.catch((error: unknown) => failed(error, request, reply));
  };
  for (const route of routes) {
    const { path: url, methods, answer } = route;
    app.route({ method: [...methods], url, onRequest: first(answer), handler: notReached });
    const others = app.supportedMethods.filter((each) => !methods.includes(each as HTTPMethods)) as HTTPMethods[];
    const refuse: Answer = (request, reply) => methodNotAllowed(request, reply, route);
    app.route({ method: others, url, onRequest: first(refuse), handler: notReached });
  }
  // Of a path that is not there Fastify looks at the type before it says so.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setNotFoundHandler((request, reply) => void notFound(request, reply));
  app.setErrorHandler((error, request, reply) => failed(error, request, reply));
  return app;
}

function notReached(): void {}

/** No route has one. Fastify would load compilers for them, which take a tenth of the time of a start. */
function noSchemas(): never {
  throw new Error('a route has a schema, and nothing is loaded that could compile it');
}
