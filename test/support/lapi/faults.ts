import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What goes wrong with one `POST /v1/usage-metrics`. */
export type Fault =
  /** Answers so without taking the window. */
  | { kind: 'status'; status: number; body?: string; headers?: Record<string, string> }
  /** A proxy's page instead of LAPI's answer. */
  | { kind: 'html'; status: number }
  | { kind: 'redirect'; location: string }
  /** Takes the window, answers late. */
  | { kind: 'delay'; ms: number }
  /** Takes the window, and the connection breaks before the answer. */
  | { kind: 'lost' }
  /** Takes the window and never answers. */
  | { kind: 'silent' }
  /** The connection breaks before the window is taken. */
  | { kind: 'reset' }
  /** Does not read the request for a while. */
  | { kind: 'slow'; ms: number };

/** Whether LAPI has stored the window although the sender did not see a 201. */
export function takes(fault: Fault): boolean {
  return fault.kind === 'delay' || fault.kind === 'lost' || fault.kind === 'silent' || fault.kind === 'slow';
}

/** Plays the part before the window is judged. @returns whether the request goes on. */
export async function playBefore(fault: Fault, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status, { 'Content-Type': 'application/json; charset=utf-8', ...fault.headers });
      response.end(fault.body ?? '');
      return false;
    case 'html':
      response.writeHead(fault.status, { 'Content-Type': 'text/html' });
      response.end(`<html><head><title>${fault.status}</title></head><body>nginx</body></html>`);
      return false;
    case 'redirect':
      response.writeHead(302, { Location: fault.location });
      response.end();
      return false;
    case 'reset':
      breakOff(request.socket);
      return false;
    case 'slow':
      await pause(fault.ms);
      return true;
    default:
      return true;
  }
}

/** Plays the part after the window was stored. @returns whether the answer is still to be sent. */
export async function playAfter(fault: Fault, request: IncomingMessage): Promise<boolean> {
  switch (fault.kind) {
    case 'delay':
      await pause(fault.ms);
      return true;
    case 'lost':
      breakOff(request.socket);
      return false;
    case 'silent':
      return false;
    default:
      return true;
  }
}

/** A TLS connection cannot be reset, only cut. */
function breakOff(socket: Socket): void {
  if ('encrypted' in socket) socket.destroy();
  else socket.resetAndDestroy();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
