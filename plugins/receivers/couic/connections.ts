import type { Socket } from 'node:net';

/** What is remembered of a connection: who sent on it, and since when it has been there. */
export interface Connection {
  /** By the monotonic clock, ms. */
  readonly acceptedAt: number;
  readonly remoteAddress: string | undefined;
  /** When something was heard or answered on it last. */
  lastActive: number;
  /** Requests whose head was read on it. */
  requests: number;
}

const connections = new WeakMap<Socket, Connection>();

/** To be called when a connection was accepted; of one that was not, its first request counts as that. */
export function rememberConnection(socket: Socket, now: number): Connection {
  const connection = { acceptedAt: now, remoteAddress: socket.remoteAddress, lastActive: now, requests: 0 };
  connections.set(socket, connection);
  return connection;
}

export function connectionOf(socket: Socket, now: number): Connection {
  return connections.get(socket) ?? rememberConnection(socket, now);
}

/**
 * Whether its client may still read what was sent, as far as is known. One that asked for `Connection: close`, as proxies
 * do, is closed from here with the answer, and reads it all the same.
 */
export function isOpen(socket: Socket): boolean {
  return !socket.destroyed && !socket.readableEnded;
}
