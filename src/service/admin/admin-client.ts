import { request } from 'node:http';
import { type Admin, type AdminComponent, AdminError, type ComponentFindings } from './admin.ts';
import { adminSocketPath } from './socket-path.ts';

/** No bridge listens: none runs on this directory, or it is just starting or stopping. */
const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR']);

/** Asks the bridge that runs on a state directory. */
export class AdminClient implements Admin {
  readonly running = true;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** @returns undefined when none runs. @throws AdminError when it may not be asked. */
  static async connect(directory: string): Promise<AdminClient | undefined> {
    const client = new AdminClient(directory);
    try {
      await client.components();
      return client;
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
      if (code !== undefined && NOBODY.has(code)) return undefined;
      throw error;
    }
  }

  components(): Promise<readonly AdminComponent[]> {
    return this.#ask('GET', '/components') as Promise<readonly AdminComponent[]>;
  }

  examine(): Promise<readonly ComponentFindings[]> {
    return this.#ask('GET', '/examine') as Promise<readonly ComponentFindings[]>;
  }

  call(component: string, operation: string, argument: unknown): Promise<unknown> {
    return this.#ask('POST', '/call', { component, operation, argument });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const text = await this.#request(method, path, body === undefined ? '' : JSON.stringify(body));
    const answer = JSON.parse(text) as { result?: unknown; error?: string };
    if (answer.error !== undefined) throw new AdminError(answer.error);
    return answer.result;
  }

  #request(method: string, path: string, body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException) => reject(this.#refusal(error));
      try {
        const socket = adminSocketPath(this.#directory);
        const sent = request({ socketPath: socket.path, method, path, agent: false }, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve(text));
          response.on('error', fail);
        });
        sent.on('error', fail);
        sent.on('close', () => socket.release());
        sent.end(body);
      } catch (error) {
        fail(error as NodeJS.ErrnoException);
      }
    });
  }

  #refusal(error: NodeJS.ErrnoException): AdminError {
    const denied = error.code === 'EACCES' || error.code === 'EPERM';
    const advice = denied ? ': run this as the user of the bridge, or as root' : '';
    return new AdminError(`the bridge on ${this.#directory} cannot be asked (${error.message})${advice}`, {
      cause: error,
    });
  }
}
