import type { IncomingMessage } from 'node:http';

/** How long the rest of a refused body is read and dropped, so that its sender sees the answer and not a reset. */
const LINGER = 5000;

/** Reads and drops what is left of a request that is answered early, for a bounded time. */
export function discardRequest(request: IncomingMessage, linger: number = LINGER): void {
  if (request.readableEnded || request.destroyed) return;
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, linger);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
  request.resume();
}
