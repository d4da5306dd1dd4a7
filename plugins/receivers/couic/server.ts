import { createServer, type Server, type ServerOptions, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ServerTlsOptions } from '../../../src/config/tls.ts';
import type { HandleRequest } from './app.ts';
import type { CouicReceiverConfig } from './config.ts';
import { type CauseCode, REFUSALS, type Refusal, type RefusalCode } from './errors.ts';

export type ServerLimits = Pick<CouicReceiverConfig, 'read_header_timeout' | 'idle_timeout' | 'max_connections'>;

/** Told of each connection that the server ends by itself. */
export type OnDropped = (code: CauseCode, details: { remoteAddress?: string | undefined; error?: string }) => void;

/**
 * A server that no client can hold up or fill, though a body may take as long as it moves: how long a body may stand
 * still is RequestBody's to watch, how many there may be is Admission's.
 */
export function createReportServer(
  handle: HandleRequest,
  limits: ServerLimits,
  tls: ServerTlsOptions | undefined,
  onDropped: OnDropped,
): Server {
  const options: ServerOptions = {
    keepAliveTimeout: limits.idle_timeout,
    headersTimeout: limits.read_header_timeout,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(limits.read_header_timeout, 1000),
  };
  const server = tls ? createSecureServer({ ...options, ...tls }, handle) : createServer(options, handle);
  server.maxConnections = limits.max_connections;
  server.on('drop', (connection) =>
    onDropped('ERR_TOO_MANY_CONNECTIONS', { remoteAddress: connection?.remoteAddress }),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const code = causeOf(error, socket as TLSSocket);
    const { remoteAddress } = socket as TLSSocket;
    if (code)
      onDropped(code, { remoteAddress, error: authorizationError(socket as TLSSocket) ?? error.code ?? 'unknown' });
    if (code && code in REFUSALS && socket.writable) socket.end(rawAnswer(code as RefusalCode));
    else socket.destroy();
  });
  return server;
}

function createSecureServer(options: TlsServerOptions, handle: HandleRequest): Server {
  try {
    return createTlsServer({ ...options, handshakeTimeout: options.headersTimeout }, handle);
  } catch (error) {
    throw new Error(
      `tls: the files cannot be used: ${(error as Error).message}. cert_file has to be a PEM certificate (with the chain, if any), key_file its PEM key`,
      { cause: error },
    );
  }
}

/** Node reports broken HTTP, slow headers and failed handshakes in one event; a client that merely left is none of them. */
function causeOf(error: NodeJS.ErrnoException, socket: TLSSocket): CauseCode | undefined {
  const code = error.code ?? '';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'ERR_HEADER_TIMEOUT';
  // Couic gives up after 2 s, in the middle of a body if need be, and sends it again.
  if (code === 'HPE_INVALID_EOF_STATE') return undefined;
  if (code === 'HPE_HEADER_OVERFLOW') return 'ERR_HEADERS_TOO_LARGE';
  if (code.startsWith('HPE_')) return 'ERR_BAD_REQUEST';
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || authorizationError(socket)) return 'ERR_TLS';
  return undefined;
}

/** Why the client's certificate was not accepted: `CERT_HAS_EXPIRED`, `SELF_SIGNED_CERT_IN_CHAIN`… */
function authorizationError({ authorizationError: error }: TLSSocket): string | undefined {
  return error ? String(error) : undefined;
}

/** No request object exists at this point to answer with. */
function rawAnswer(code: RefusalCode): string {
  const { status, message }: Refusal = REFUSALS[code];
  const body = JSON.stringify({ code, message });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
