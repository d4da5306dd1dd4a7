import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { ServerTlsOptions } from '../config/tls.ts';
import { type Connection, Connections } from './connections.ts';
import { HTTP_REFUSALS, type HttpFaultCode, type HttpRefusalCode, type OnHttpFault } from './http-faults.ts';
import type { ListenerLimits } from './listener-limits.ts';

/** Requests that a client may send ahead of the answer to its first. Each waits as an object of Node's, unread. */
const MOST_PIPELINED = 16;
/** A request through a chain of proxies has some forty. Node bounds their bytes at 16 KiB, and by default leaves out those past 1,000. */
const MOST_HEADERS = 100;

/** What Node's parser is told of a request after which the connection is no longer HTTP. */
const NOTHING_FOLLOWS = 2;

/** What may change while the server runs is asked for whenever it is needed. */
interface GuardedServerOptions {
  readonly handle: RequestListener;
  tenant(): {
    readonly limits: ListenerLimits;
    /** Bodies may take as long as they move; whoever reads them watches that. Otherwise a request has to be whole in `read_header_timeout`. */
    readonly longBodies: boolean;
    readonly tls: ServerTlsOptions | undefined;
    readonly onFault: OnHttpFault;
  };
  readonly clock: Clock;
}

/**
 * A server that no client can hold up or fill. One request of a connection at a time; those sent ahead wait for their
 * turn, and a few too many end it. Silent connections make room for new ones; those that stop sending, or reading, end.
 */
export function createGuardedServer({ handle, tenant, clock }: GuardedServerOptions): Server {
  const { limits, longBodies, tls } = tenant();
  const { read_header_timeout, idle_timeout } = limits;
  const onFault: OnHttpFault = (code, details) => tenant().onFault(code, details);
  const serverOptions: ServerOptions = {
    keepAliveTimeout: idle_timeout,
    headersTimeout: read_header_timeout,
    requestTimeout: longBodies ? 0 : read_header_timeout,
    connectionsCheckingInterval: Math.max(1, Math.min(read_header_timeout / 10, 1000)),
  };
  const server = tls ? createSecureServer({ ...serverOptions, ...tls }) : createServer(serverOptions);
  const connections = new Connections(() => tenant().limits, clock, onFault);
  if (tls) acceptSecure(server, connections);
  else server.on('connection', (socket: Socket) => connections.accept(socket));

  const begin = (connection: Connection, request: IncomingMessage, response: ServerResponse) => {
    connections.begin(connection, request, response);
    response.once('close', () => {
      connections.end(connection);
      const { socket, endsAt, waiting } = connection;
      const next = socket.writable && endsAt === undefined ? waiting.shift() : undefined;
      if (next) begin(connection, ...next);
    });
    const code = faultOf(request);
    if (code) {
      onFault(code, { remoteAddress: request.socket.remoteAddress });
      refuse(response, code);
    } else {
      handle(request, response);
    }
  };

  const take: RequestListener = (request, response) => {
    const { socket } = request;
    const connection = connections.of(socket);
    if (!connection || connection.endsAt !== undefined) {
      hangUp(socket);
    } else if (!connection.response) {
      begin(connection, request, response);
    } else if (connection.waiting.push([request, response]) > MOST_PIPELINED) {
      onFault('ERR_PIPELINING', { remoteAddress: socket.remoteAddress });
      hangUp(socket);
    }
  };
  server.on('request', take);
  // Node answers what it does not expect past the bound on requests sent ahead.
  server.on('checkExpectation', take);

  server.on('clientError', (error: NodeJS.ErrnoException, stream: Duplex) => {
    const socket = stream as TLSSocket;
    const code = causeOf(error, socket);
    const { remoteAddress } = socket;
    if (code) onFault(code, { remoteAddress, error: authorizationError(socket) ?? error.code ?? 'unknown' });
    const connection = connections.of(socket);
    if (!code || !(code in HTTP_REFUSALS) || !connection || !socket.writable || connection.response?.headersSent) {
      socket.destroy();
      return;
    }
    connections.endGently(connection, rawAnswer(code as HttpRefusalCode));
    // There is nothing left to read of one that sends nothing.
    if (code === 'ERR_HEADER_TIMEOUT') socket.destroySoon();
  });
  return server;
}

/** The connection that is known from its first packet on is the one that turns out encrypted: both have one peer. */
function acceptSecure(server: Server, connections: Connections): void {
  const peers = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    peers.set(peer, socket);
    socket.once('close', () => {
      if (peers.get(peer) === socket) peers.delete(peer);
    });
    connections.accept(socket);
  });
  (server as Server & NodeJS.EventEmitter).on('secureConnection', (secure: TLSSocket) => {
    const raw = peers.get(peerOf(secure));
    const connection = raw && connections.of(raw);
    if (connection) connections.attach(connection, secure);
    else secure.destroy();
  });
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function createSecureServer(options: TlsServerOptions): Server {
  try {
    return createTlsServer({ ...options, handshakeTimeout: options.headersTimeout });
  } catch (error) {
    throw new Error(
      `tls: the files cannot be used: ${(error as Error).message}. cert_file has to be a PEM certificate (with the chain, if any), key_file its PEM key`,
      { cause: error },
    );
  }
}

/**
 * Destroys a connection that has sent too much. Node would still go through all that it has read, 500 requests in a
 * packet of 64 KB, and make an error with a stack of each; its parser, which is not documented, is told that the next is
 * the last. Without that it only costs more.
 */
function hangUp(socket: Socket): void {
  const { parser } = socket as Socket & { parser?: { onIncoming: () => number } | null };
  if (parser) parser.onIncoming = () => NOTHING_FOLLOWS;
  socket.destroy();
}

/** What Node lets pass. */
function faultOf(request: IncomingMessage): HttpRefusalCode | undefined {
  if (request.rawHeaders.length > 2 * MOST_HEADERS) return 'ERR_HEADERS_TOO_LARGE';
  const { expect, 'transfer-encoding': coding } = request.headers;
  // As Node reads it.
  if (expect !== undefined && !/(?:^|\W)100-continue(?:$|\W)/i.test(expect)) return 'ERR_EXPECTATION';
  return coding === undefined || coding.toLowerCase() === 'chunked' ? undefined : 'ERR_TRANSFER_ENCODING';
}

/** Node reports broken HTTP, slow headers and failed handshakes in one event; a client that merely left is none of them. */
function causeOf(error: NodeJS.ErrnoException, socket: TLSSocket): HttpFaultCode | undefined {
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

function refuse(response: ServerResponse, code: HttpRefusalCode): void {
  const body = bodyOf(code);
  response.writeHead(HTTP_REFUSALS[code].status, headersOf(body));
  response.end(body);
}

/** No request object exists at this point to answer with. */
function rawAnswer(code: HttpRefusalCode): string {
  const { status } = HTTP_REFUSALS[code];
  const body = bodyOf(code);
  const headers = Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...headers, '', body].join('\r\n');
}

function bodyOf(code: HttpRefusalCode): string {
  return JSON.stringify({ code, message: HTTP_REFUSALS[code].message });
}

function headersOf(body: string) {
  return {
    Connection: 'close',
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  };
}
