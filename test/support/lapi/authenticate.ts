import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Bouncers } from './bouncers.ts';

interface Known {
  readonly bouncers: Bouncers;
  /** `bouncers_allowed_ou`. */
  readonly allowedOu: readonly string[];
}

type Who =
  | { readonly bouncer: string }
  | { readonly bouncer?: undefined; readonly status: number; readonly body: object };

const FORBIDDEN: Who = { status: 403, body: { message: 'access forbidden' } };
const LOGIN_WANTED: Who = { status: 401, body: { code: 401, message: 'cookie token is empty' } };

/** Who asks, as LAPI finds it out: by a client certificate, if there is one, whatever key comes along; else by the key. */
export function authenticate(request: IncomingMessage, { bouncers, allowedOu }: Known): Who {
  const { headers, method, url = '' } = request;
  const key = headers['x-api-key'];
  // Whoever calls itself so is taken for a log processor, which logs in.
  if (url === '/v1/usage-metrics' && !key && headers['user-agent']?.startsWith('crowdsec/')) return LOGIN_WANTED;
  // Who comes by its socket is here.
  const ip = request.socket.remoteAddress?.replace(/^::ffff:/, '') || '127.0.0.1';
  const subject = subjectOf(request.socket as TLSSocket);
  if (subject) {
    const { CN, OU } = subject;
    const allowed = [OU ?? []].flat().some((unit) => allowedOu.includes(unit));
    return allowed ? { bouncer: bouncers.byCertificate(String(CN), ip) } : FORBIDDEN;
  }
  if (typeof key !== 'string') return FORBIDDEN;
  const bouncer = method === 'HEAD' ? bouncers.withKey(key) : bouncers.byKey(key, ip);
  return bouncer === undefined ? FORBIDDEN : { bouncer };
}

/** Of a client's certificate. LAPI ends the handshake of one that it cannot verify; here it is as if there were none. */
function subjectOf(socket: TLSSocket): { CN?: unknown; OU?: string | string[] } | undefined {
  return socket.authorized ? (socket.getPeerCertificate().subject as object | undefined) : undefined;
}
