import type { Server } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { type Endpoint, formatEndpoint } from '../config/endpoint.ts';

/** The path of a Unix socket. */
export interface UnixSocket {
  readonly path: string;
}

/**
 * Opens a listener.
 * @returns where it listens: the port is the system's choice when 0 was asked for.
 * @throws Error that says what to do.
 */
export async function listen<Target extends Endpoint | UnixSocket>(server: NetServer, target: Target): Promise<Target> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(new Error(`cannot listen on ${nameOf(target)}: ${advice(error)}`, { cause: error }));
    server.once('error', failed);
    server.listen({ ...target }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  return 'path' in target ? target : { ...target, port: (server.address() as AddressInfo).port };
}

function nameOf(target: Endpoint | UnixSocket): string {
  return 'path' in target ? target.path : formatEndpoint(target);
}

/**
 * Takes no new connection, lets requests under way finish, and ends them when the deadline is over. Safe when it never
 * listened, and twice.
 */
export async function close(server: Server, deadline: AbortSignal): Promise<void> {
  if (!server.listening) return;
  const end = () => server.closeAllConnections();
  if (deadline.aborted) end();
  deadline.addEventListener('abort', end, { once: true });
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  deadline.removeEventListener('abort', end);
}

function advice(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'something listens there already; end it, or set another endpoint';
    case 'EACCES':
      return 'not allowed; ports below 1024 need a privilege (CAP_NET_BIND_SERVICE), others do not';
    case 'EADDRNOTAVAIL':
      return 'this host has no such address; set an address of its own, or 0.0.0.0 for all';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name cannot be resolved';
    default:
      return error.message;
  }
}
