import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { SecureContextOptions } from 'node:tls';

export interface PostOptions {
  readonly agent: HttpAgent;
  /** Milliseconds for everything, connection included. */
  readonly timeout: number;
  /** The link's speed; without it, as fast as it goes. */
  readonly bytesPerSecond?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a request: its status, or why there was none. */
export type Outcome = { status: number; text: string } | { error: string };

/** One pool of connections, with the 90 s of Couic's client. */
export function createAgent(webhook: URL, tls: SecureContextOptions = {}): HttpAgent {
  const options = { keepAlive: true, timeout: 90_000 };
  return webhook.protocol === 'https:' ? new HttpsAgent({ ...options, ...tls }) : new HttpAgent(options);
}

/** Sends a body as Couic does: whole, with its length, and gone without a word once the time is over. */
export async function post(webhook: URL, pieces: readonly Buffer[], options: PostOptions): Promise<Outcome> {
  const { agent, timeout, bytesPerSecond, signal } = options;
  const send = webhook.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(webhook, {
    agent,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': 'couic/1.0.2',
      'content-length': pieces.reduce((sum, { length }) => sum + length, 0),
    },
  });
  const timer = setTimeout(() => request.destroy(new Error('timeout')), timeout);
  const abort = () => request.destroy(new Error('stopped'));
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  try {
    const answer = outcome(request);
    if (bytesPerSecond === undefined) for (const piece of pieces) request.write(piece);
    else await trickle(request, pieces, bytesPerSecond);
    request.end();
    return await answer;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function outcome(request: ClientRequest): Promise<Outcome> {
  return new Promise((resolve) => {
    request.on('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }));
    request.on('close', () => resolve({ error: 'closed' }));
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (data) => {
        text += data;
      });
      response.on('end', () => resolve({ status: response.statusCode!, text }));
      response.on('error', (error) => resolve({ error: error.message }));
    });
  });
}

/** Writes at the speed of the link, a hundredth of a second's worth at a time, until the request is over. */
async function trickle(request: ClientRequest, pieces: readonly Buffer[], bytesPerSecond: number): Promise<void> {
  const slice = Math.max(1, Math.ceil(bytesPerSecond / 100));
  for (const piece of pieces) {
    for (let offset = 0; offset < piece.length; offset += slice) {
      if (request.destroyed) return;
      request.write(piece.subarray(offset, offset + slice));
      await delay(10);
    }
  }
}
