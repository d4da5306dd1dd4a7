import { buildConnector, Pool } from 'undici';
import type { ClientTlsOptions } from '../config/client-tls.ts';

/** What is undici's of a client, in a file of its own: it is loaded with the first request. */
export interface PoolOptions {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly connections: number;
  /** Milliseconds until a connection stands, until an answer begins, and for a pause within one. */
  readonly timeout: number;
  readonly socketPath: string | undefined;
  readonly localAddress: string | undefined;
  /** The one family to connect by. */
  readonly family: 4 | 6 | undefined;
  /** A function is called for each connection, so that renewed certificates are taken up; none without TLS. */
  readonly tls: ClientTlsOptions | (() => Promise<ClientTlsOptions>) | undefined;
  /** Told with each connection where it comes from. */
  readonly onConnection: (localAddress: string | undefined) => void;
  /**
   * Told what broke a connection, before the request fails with it. TLS 1.3 tells a client that its certificate is not taken
   * only when the connection stands, and undici then says that the other side closed.
   */
  readonly onBroken: (error: Error) => void;
}

/** Opens nothing yet. */
export function createPool(options: PoolOptions): Pool {
  const { origin, connections, timeout, socketPath, localAddress, family, tls, onConnection, onBroken } = options;
  const connect = connector(
    {
      timeout,
      ...(socketPath !== undefined && { socketPath }),
      ...(family !== undefined && { family, autoSelectFamily: false }),
    },
    tls,
  );
  return new Pool(origin, {
    connections,
    pipelining: 1,
    headersTimeout: timeout,
    bodyTimeout: timeout,
    ...(localAddress !== undefined && { localAddress }),
    connect: (target, callback) =>
      connect(target, (...result) => {
        onConnection(result[1]?.localAddress);
        result[1]?.once('error', onBroken);
        callback(...result);
      }),
  });
}

function connector(options: buildConnector.BuildOptions, tls: PoolOptions['tls']): buildConnector.connector {
  if (typeof tls !== 'function') return buildConnector({ ...options, ...tls });
  return (target, callback) => {
    tls().then(
      (secure) => buildConnector({ ...options, ...secure })(target, callback),
      (error: Error) => callback(error, null),
    );
  };
}
