import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { embedProblems } from './embed-limits.ts';

/** A message as a channel keeps it. */
export interface Message {
  readonly username?: string;
  readonly embeds?: readonly Record<string, unknown>[];
  readonly content?: string;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
}

/** What happens to a request in place of what Discord would do. */
type Fault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Record<string, string>;
    }
  /** The message is kept, and its answer is lost. */
  | { readonly kind: 'lost' };

const ID = '1174039200416497664';
const TOKEN = 'kx9-Vw0cQ_webhookTokenOfTheChannel_3e7b1f';

/** Webhooks of channels, as Discord's documentation has them: see the README beside. */
export class Discord {
  readonly messages: Message[] = [];
  readonly requests: { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }[] =
    [];
  /** Each is used up by one request. */
  readonly faults: Fault[] = [];
  /** The token of the one webhook that there is; null once it was deleted. */
  token: string | null = TOKEN;
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const reply = this.#answer(request, Buffer.concat(chunks));
      if (reply === null) return response.destroy();
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      return response.end(reply.body);
    });
  }

  /** @returns the webhook's URL, as the settings of the channel show it. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/webhooks/${ID}/${TOKEN}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** The next request is told to wait. @param seconds - as Discord writes it, with a fraction. */
  limit(seconds: number): void {
    this.faults.push({
      kind: 'answer',
      status: 429,
      headers: { 'retry-after': String(Math.ceil(seconds)), 'x-ratelimit-scope': 'user' },
      body: JSON.stringify({ message: 'You are being rate limited.', retry_after: seconds, global: false }),
    });
  }

  /** @returns null when the message is kept, and its answer is lost. */
  #answer({ method = '', url = '', headers }: IncomingMessage, body: Buffer): Reply | null {
    this.requests.push({ method, url, headers });
    const fault = this.faults.shift();
    if (fault?.kind === 'answer') return fault;
    const { pathname, searchParams } = new URL(url, 'http://discord');
    const [, id, token] = /^\/api\/(?:v\d+\/)?webhooks\/(\d+)\/([\w-]+)$/.exec(pathname) ?? [];
    if (id === undefined) return json(404, { message: '404: Not Found', code: 0 });
    if (id !== ID || this.token === null) return json(404, { message: 'Unknown Webhook', code: 10015 });
    if (token !== this.token) return json(401, { message: 'Invalid Webhook Token', code: 50027 });
    if (method === 'GET') return json(200, { id, type: 1, name: 'Couic', channel_id: '1174039200416497000' });
    if (method !== 'POST') return json(405, { message: '405: Method Not Allowed', code: 0 });
    const problem = this.#take(body, headers['content-type'] ?? '');
    if (problem) return json(400, problem);
    if (fault?.kind === 'lost') return null;
    if (searchParams.get('wait') !== 'true') return { status: 204, body: '' };
    return json(200, { id: String(this.messages.length), type: 0 });
  }

  /** @returns what is wrong with a message, or undefined once it is kept. */
  #take(body: Buffer, contentType: string): object | undefined {
    if (!contentType.startsWith('application/json')) return { message: 'Invalid Form Body', code: 50035 };
    let message: Message;
    try {
      message = JSON.parse(body.toString()) as Message;
    } catch {
      return { message: 'The request body contains invalid JSON.', code: 50109 };
    }
    const { embeds = [], content = '' } = message;
    if (embeds.length === 0 && content === '') return { message: 'Cannot send an empty message', code: 50006 };
    const problems = embedProblems(embeds);
    if (/discord|clyde/i.test(message.username ?? '')) problems.push('username');
    if (problems.length > 0) return { message: 'Invalid Form Body', code: 50035, errors: problems };
    this.messages.push(message);
    return undefined;
  }
}

const json = (status: number, body: object): Reply => ({ status, body: JSON.stringify(body) });
