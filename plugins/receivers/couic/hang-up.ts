import type { Socket } from 'node:net';
import { ClientGoneError } from './errors.ts';

const controllers = new WeakMap<Socket, AbortController>();

/**
 * Aborted once the client's connection is gone. One for each connection, not for each request: to make an
 * AbortController costs as much as a tenth of a small request, and a gone connection is gone for all its requests.
 */
export function hangUpSignal(socket: Socket): AbortSignal {
  let controller = controllers.get(socket);
  if (!controller) {
    const made = new AbortController();
    controllers.set(socket, made);
    if (socket.destroyed) made.abort(new ClientGoneError());
    else socket.once('close', () => made.abort(new ClientGoneError()));
    controller = made;
  }
  return controller.signal;
}
