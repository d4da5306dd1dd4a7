import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { KeyPair } from './certificates.ts';

/** A TCP or TLS server that keeps what it is sent, unless it is told not to read. */
export class StreamServer {
  readonly sockets: Socket[] = [];
  readonly chunks: Buffer[] = [];
  /** Whether new connections are read. */
  reading = true;
  readonly #tls: KeyPair | undefined;
  #server: Server | undefined;

  constructor(tls?: KeyPair) {
    this.#tls = tls;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  async open(port = 0): Promise<number> {
    const onConnection = (socket: Socket) => {
      this.sockets.push(socket);
      socket.on('error', () => {});
      if (this.reading) socket.on('data', (chunk) => this.chunks.push(chunk));
      else socket.pause();
    };
    this.#server = this.#tls ? createTlsServer(this.#tls, onConnection) : createServer(onConnection);
    this.#server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => this.#server!.listen(port, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections, as a process that was killed; it can be opened again. */
  async kill(): Promise<void> {
    for (const socket of this.sockets.splice(0)) {
      if (this.#tls) socket.destroy();
      else socket.resetAndDestroy();
    }
    if (this.#server?.listening) await new Promise((resolve) => this.#server!.close(resolve));
  }
}
