import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Redaction } from '../../../src/events/privacy.ts';
import { CLOSE } from '../../../src/http/http-faults.ts';
import type { Answer, RouterOptions } from '../../../src/http/router.ts';
import type { Access } from './access.ts';
import { ASSETS, type Assets } from './assets.ts';
import { readForm } from './form.ts';
import { isFromUs, isOurs } from './host-check.ts';
import type { Live } from './live.ts';

const COOKIE = 'couic_bridge_session';

/** With every answer. Nothing but this listener's own files is loaded, nothing inline is run or styled, and nobody frames it. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // With none at all a browser would not say that a form is from here.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
} as const;

/** What a person is shown. */
export interface Shown {
  /** Whether addresses and the configuration are. */
  readonly isOwner: boolean;
  /** What was typed to be explained. */
  readonly network?: string;
  /** Why a login failed. */
  readonly problem?: string;
}

interface RoutesOptions {
  readonly access: Access;
  readonly assets: Assets;
  readonly live: Live;
  /** Names by which a proxy leads here, in lower case. */
  readonly hosts: ReadonlySet<string>;
  /** The connection is encrypted, and a cookie must not leave it. */
  readonly isSecure: boolean;
  render(shown: Shown): Promise<string>;
  redaction(): Redaction;
  onError(error: unknown): void;
}

/** What the page's listener answers. */
export function pageRoutes(options: RoutesOptions): RouterOptions {
  const { access, assets, live, hosts, isSecure, render, redaction, onError } = options;
  const guarded =
    (answer: Answer): Answer =>
    (request, reply) => {
      reply.headers(HEADERS);
      if (isOurs(request.headers.host, hosts)) return answer(request, reply);
      refuse(reply, 421, 'This name is not answered here. Ask by address, or add the name to allowed_hosts');
    };
  /** For forms: nobody else's page sends them. */
  const ours = (answer: Answer): Answer =>
    guarded((request, reply) => {
      if (isFromUs(request.headers.origin, request.headers.host)) return answer(request, reply);
      refuse(reply, 403, 'This form was sent by the page of another site');
    });
  const isOwner = ({ headers }: FastifyRequest) =>
    access.allows({ authorization: headers.authorization, session: sessionIn(headers.cookie) });
  const show = async (reply: FastifyReply, shown: Shown, status = 200) => {
    const page = await render(shown);
    if (!reply.raw.destroyed) reply.code(status).header('content-type', 'text/html; charset=utf-8').send(page);
  };
  const form = async (request: FastifyRequest, reply: FastifyReply, field: string): Promise<string | undefined> => {
    const fields = await readForm(request.raw);
    if (fields === undefined) refuse(reply, 413, 'The form is too long');
    return fields && (fields.get(field) ?? '').trim();
  };

  return {
    routes: [
      {
        path: '/',
        methods: ['GET', 'HEAD'],
        answer: guarded((request, reply) => show(reply, { isOwner: isOwner(request) })),
      },
      ...ASSETS.map((name) => ({
        path: `/${name}`,
        methods: ['GET', 'HEAD'] as const,
        answer: guarded(async (_request, reply) => {
          const { type, body } = await assets.get(name);
          // Asked for again with each start: what is older than the page would not fit it.
          reply.headers({ 'content-type': type, 'cache-control': 'no-cache' }).send(body);
        }),
      })),
      {
        path: '/login',
        methods: ['POST'],
        answer: ours(async (request, reply) => {
          const secret = await form(request, reply, 'secret');
          if (secret === undefined) return;
          const login = access.login(secret);
          if (login === 'too many') {
            reply.headers({ 'retry-after': '60' });
            await show(reply, { isOwner: false, problem: TOO_MANY }, 429);
          } else if (login === 'wrong') {
            await show(reply, { isOwner: false, problem: access.hasToken ? WRONG : WRONG_CODE }, 403);
          } else {
            reply.header('set-cookie', cookie(login.session, isSecure));
            redirect(reply, '/');
          }
        }),
      },
      {
        path: '/logout',
        methods: ['POST'],
        answer: ours((request, reply) => {
          access.logout(sessionIn(request.headers.cookie));
          reply.header('set-cookie', `${cookie('', isSecure)}; Max-Age=0`);
          redirect(reply, '/');
        }),
      },
      {
        path: '/explain',
        methods: ['POST', 'GET', 'HEAD'],
        answer: ours(async (request, reply) => {
          // After a login or a restart a browser may come back to the address of an answer.
          if (request.method !== 'POST') return redirect(reply, '/#explain');
          if (!isOwner(request)) return refuse(reply, 403, 'Log in first');
          const network = await form(request, reply, 'network');
          if (network !== undefined) await show(reply, { isOwner: true, network });
        }),
      },
      {
        path: '/events',
        methods: ['GET'],
        answer: guarded(async (request, reply) => {
          if (!isOwner(request)) return refuse(reply, 403, 'Log in first');
          if (live.isFull)
            return refuse(reply.header('retry-after', '10'), 503, 'Too many pages follow events already');
          reply.hijack();
          for (const [name, value] of Object.entries(HEADERS)) reply.raw.setHeader(name, value);
          await live.follow({ response: reply.raw, redact: redaction(), isAllowed: () => isOwner(request) });
        }),
      },
    ],
    notFound: guarded((_request, reply) => refuse(reply, 404, 'Not found. The page is at /')),
    methodNotAllowed: (request, reply) =>
      guarded(() => refuse(reply, 405, `${request.method} is not answered here`))(request, reply),
    failed(error, _request, reply) {
      onError(error);
      if (reply.raw.headersSent) reply.raw.destroy();
      else refuse(reply.headers(HEADERS), 500, 'Failed; the log says why');
    },
  };
}

const TOO_MANY = 'Too many wrong tokens came in the last minute. Wait for it to pass, or use a code.';
const WRONG = 'This is neither the token nor a code that is good now. A code is good once, and for five minutes.';
const WRONG_CODE = 'This is no code that is good now: each is good once, and for five minutes. No token is configured.';

/** Gone with the browser's session at the latest; never sent along by a link or a form of another site, nor shown to a script. */
function cookie(session: string, isSecure: boolean): string {
  return `${COOKIE}=${session}; Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
}

function sessionIn(header = ''): string | undefined {
  return new RegExp(`(?:^|; *)${COOKIE}=([A-Za-z0-9_-]+)(?:;|$)`).exec(header)?.[1];
}

function redirect(reply: FastifyReply, to: string): void {
  reply.code(303).header('location', to).send();
}

function refuse(reply: FastifyReply, status: number, message: string): void {
  reply
    .code(status)
    .headers({ ...CLOSE, 'content-type': 'text/plain; charset=utf-8' })
    .send(`${message}\n`);
}
