import { connect, type Socket } from 'node:net';

/** A connection that is written to by hand, for clients that no HTTP library would be. */
export interface RawConnection {
  readonly socket: Socket;
  /** What the server has sent so far. */
  received(): string;
  write(text: string | Uint8Array): void;
  /** Resolves once what was received from `from` on holds `text`; rejects when the connection ends without it. */
  until(text: string, from?: number): Promise<string>;
  /** Resolves with everything received once the server has ended the connection. */
  closed(): Promise<string>;
}

export async function rawConnection(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1' });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let text = '';
  let isClosed = false;
  socket.setEncoding('utf8');
  socket.on('data', (data) => {
    text += data;
  });
  // A reset is an end like another; what was received before it is what counts.
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  const settled = (done: () => boolean) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        if (done()) resolve(text);
        else if (isClosed) reject(new Error(`the connection ended after: ${text}`));
        else return false;
        socket.off('data', check).off('close', check);
        return true;
      };
      if (!check()) socket.on('data', check).on('close', check);
    });
  return {
    socket,
    received: () => text,
    write: (data) => void socket.write(data),
    until: (expected, from = 0) => settled(() => text.includes(expected, from)),
    closed: () => settled(() => isClosed),
  };
}

/** Request line and headers of a POST whose body follows. */
export function postHead(path: string, length: number | 'chunked', headers: readonly string[] = []): string {
  const framing = length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  return [`POST ${path} HTTP/1.1`, 'Host: bridge', 'Content-Type: application/json', framing, ...headers, '', ''].join(
    '\r\n',
  );
}
