import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
  /** Milliseconds since the recording began. */
  readonly at: number;
  readonly socket: Socket;
}

/** Answers a recorded request; `undefined` leaves it without an answer. */
export type Answer = (request: RecordedRequest) => number | undefined;

/** A webhook that writes down what it is sent. */
export async function recordingServer(answer: Answer = () => 200) {
  const requests: RecordedRequest[] = [];
  const started = performance.now();
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const at = performance.now() - started;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // The sender hung up; what it did not send whole is not recorded.
    }
    const { method = '', url = '', headers, socket } = request;
    const recorded = { method, url, headers, body: String(Buffer.concat(chunks)), at, socket };
    requests.push(recorded);
    const status = answer(recorded);
    if (status !== undefined) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    requests,
    webhook: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/reports/550e8400-e29b-41d4-a716-446655440000`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
