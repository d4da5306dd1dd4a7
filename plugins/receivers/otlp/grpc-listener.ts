import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import {
  type ConnectionInjector,
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  type status,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Clock } from '../../../src/clock.ts';
import type { Endpoint } from '../../../src/config/endpoint.ts';
import { loadServerTls } from '../../../src/config/tls.ts';
import type { ConnectionBudget, ConnectionClaim } from '../../../src/http/connection-budget.ts';
import { listen } from '../../../src/http/listen.ts';
import { TlsReload } from '../../../src/http/tls-reload.ts';
import { type RefusalCode, refusalOf, responseOf, statusOf } from './answers.ts';
import type { GrpcConfig } from './config.ts';
import type { Desk } from './desk.ts';
import { MetricsService } from './proto/metrics_service_pb.ts';

/** Requests of one connection at a time; a Collector has ten. */
const MOST_STREAMS = 32;
/** What a connection that is not in use any more may still take, ms. */
const GRACE = 1000;

interface GrpcListenerOptions {
  /** For messages: the id of the component. */
  readonly name: string;
  readonly config: GrpcConfig;
  readonly desk: Desk;
  /** Whether a header has a token; everything has, when there is none. */
  readonly mayEnter: (authorization: string | undefined) => boolean;
  readonly budget: ConnectionBudget;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * OTLP over gRPC. Connections are accepted here, with their bound and their TLS, and then given to the library, which has
 * neither. Bodies are decoded by us, in parts.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
 */
export class GrpcListener {
  readonly #options: GrpcListenerOptions;
  readonly #claim: ConnectionClaim;
  readonly #grpc: Server;
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Set<Socket>();
  #server: NetServer | undefined;
  #tlsReload: TlsReload | undefined;

  constructor(options: GrpcListenerOptions) {
    const { name, config, budget } = options;
    this.#options = options;
    this.#claim = budget.register(`${name} (gRPC)`, config.max_connections);
    this.#grpc = new Server({
      'grpc.max_receive_message_length': config.max_request_body_size,
      'grpc.max_concurrent_streams': MOST_STREAMS,
      'grpc.max_connection_idle_ms': config.idle_timeout,
      'grpc.enable_channelz': 0,
      interceptors: [this.#atTheDoor],
    });
    this.#grpc.addService(SERVICE, { export: this.#export });
    this.#injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** @returns where it listens. @throws Error that says what to do. */
  async open(endpoint: Endpoint): Promise<Endpoint> {
    const server = await this.#newServer();
    this.#server = server;
    return listen(server, endpoint);
  }

  async #newServer(): Promise<NetServer> {
    const { config, logger, clock, desk } = this.#options;
    const accept = (socket: Socket) => {
      // A client that goes away is no failure.
      socket.on('error', () => {});
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      this.#injector.injectConnection(socket);
    };
    const { tls } = config;
    const drop = () => desk.refused('ERR_TOO_MANY_CONNECTIONS');
    let server: NetServer;
    if (tls) {
      const current = await loadServerTls(tls);
      const secure: TlsServer = createTlsServer({ ...current, ALPNProtocols: ['h2'] }, accept);
      secure.on('tlsClientError', (error, { remoteAddress }) =>
        desk.refused('ERR_TLS', { remoteAddress, error: (error as NodeJS.ErrnoException).code ?? 'unknown' }),
      );
      this.#tlsReload = new TlsReload({ load: () => loadServerTls(tls), current, server: secure, logger, clock });
      this.#tlsReload.start();
      server = secure;
    } else server = createServer(accept);
    server.maxConnections = this.#claim.granted;
    return server.on('drop', drop);
  }

  /** Safe without `open()`, and twice. @param deadline - ends what is under way. */
  async close(deadline: AbortSignal): Promise<void> {
    this.#tlsReload?.stop();
    this.#claim.release();
    const server = this.#server;
    this.#server = undefined;
    if (server) {
      const end = () => {
        for (const socket of this.#sockets) socket.destroy();
      };
      deadline.addEventListener('abort', end, { once: true });
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Those that have nothing under way go at once; the others, when they have.
      this.#injector.drain(GRACE);
      if (deadline.aborted) end();
      await closed;
      deadline.removeEventListener('abort', end);
    }
    this.#grpc.forceShutdown();
  }

  /** Before a byte of the body is read: who it is, and whether there is room. */
  readonly #atTheDoor: ServerInterceptor = (_method, call) => {
    const { desk, mayEnter } = this.#options;
    let isIn = false;
    const leave = () => {
      if (isIn) desk.leave();
      isIn = false;
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const [authorization] = metadata.get('authorization');
            const refused = mayEnter(authorization?.toString()) ? desk.enter() : 'ERR_UNAUTHORIZED';
            if (!refused) {
              isIn = true;
              pass(metadata);
              return;
            }
            desk.refused(refused, { remoteAddress: call.getConnectionInfo().remoteAddress });
            call.sendStatus(failureOf(refused));
          },
          onCancel: leave,
        }),
      sendStatus: (given, next) => {
        leave();
        next(given);
      },
    });
  };

  readonly #export = (call: ServerUnaryCall<Buffer, Uint8Array>, answer: sendUnaryData<Uint8Array>): void => {
    const { desk } = this.#options;
    void desk.take(call.request, 'protobuf').then((outcome) => {
      if ('taken' in outcome) {
        answer(null, responseOf(outcome.taken, 'protobuf'));
        return;
      }
      desk.refused(outcome.code);
      answer(failureOf(outcome.code, outcome.message));
    });
  };
}

/** Bytes in, bytes out. */
const SERVICE: ServiceDefinition = {
  export: {
    path: `/${MetricsService.typeName}/${MetricsService.method.export.name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
    responseDeserialize: (bytes: Buffer) => bytes,
  },
};

/** With the details by which senders know that, and when, to try again. */
function failureOf(code: RefusalCode, message?: string): { code: status; details: string; metadata: Metadata } {
  const { grpc, message: common } = refusalOf(code);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(statusOf(code, 'protobuf', message)));
  return { code: grpc, details: message ?? common, metadata };
}
