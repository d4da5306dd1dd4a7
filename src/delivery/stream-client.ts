import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ClientTlsOptions } from '../config/client-tls.ts';
import { type Advice, type Unanswered, unanswered } from './unanswered.ts';

export interface StreamClientOptions {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Called for each connection, so that renewed certificates are taken up; none without TLS. */
  readonly tls?: (() => Promise<ClientTlsOptions>) | undefined;
  /** Milliseconds until a connection stands, TLS included; and for the other side to take the next piece of what is written. */
  readonly timeout: number;
  /** For messages. */
  readonly shown: string;
  readonly advice?: Advice;
  /** A connection that stood broke, or the other side closed it. */
  readonly onBreak?: () => void;
}

/** Bytes that are handed to the system at once: all that waits in this process. */
const PIECE = 65_536;
/** Milliseconds of silence after which the system asks whether the other side is still there. */
const KEEP_ALIVE = 30_000;

interface Connection {
  readonly socket: Socket;
  /** What it broke by. */
  fault?: Error;
}

/** Writes to one server over one TCP connection, with or without TLS. What comes from there is thrown away. Writes must not overlap. */
export class StreamClient {
  readonly #options: StreamClientOptions;
  #connection: Connection | undefined;

  constructor(options: StreamClientOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Connects, unless it is. @returns why not. */
  async connect(signal: AbortSignal): Promise<Unanswered | undefined> {
    if (this.#connection) return undefined;
    const { host, port, tls } = this.#options;
    try {
      const secure = await tls?.();
      const servername = isIP(host) === 0 ? host : '';
      const socket = secure ? connectTls({ host, port, servername, ...secure }) : connectTcp({ host, port });
      const connection: Connection = { socket };
      socket.on('error', (error) => {
        connection.fault = error;
      });
      await this.#settled(connection, signal, (done) =>
        socket.once(secure ? 'secureConnect' : 'connect', () => done()),
      );
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE).resume();
      socket.once('close', () => this.#broken(connection));
      this.#connection = connection;
      return undefined;
    } catch (error) {
      return this.#failed(error);
    }
  }

  /**
   * Hands bytes to the system of this host, piece by piece, as fast as the other side takes them: what arrives nobody tells.
   * @returns why not all of them were; the connection is broken then.
   */
  async write(bytes: Uint8Array, signal: AbortSignal): Promise<Unanswered | undefined> {
    const connection = this.#connection;
    if (!connection) return this.#failed(closed());
    try {
      for (let at = 0; at < bytes.length; at += PIECE) {
        const piece = bytes.subarray(at, at + PIECE);
        await this.#settled(connection, signal, (done) => connection.socket.write(piece, done));
      }
      return undefined;
    } catch (error) {
      this.#broken(connection);
      return this.#failed(error);
    }
  }

  /** Closes in order, so that what was handed to the system is sent. @param signal - closes at once. */
  async close(signal: AbortSignal = AbortSignal.timeout(this.#options.timeout)): Promise<void> {
    const socket = this.#connection?.socket;
    this.#connection = undefined;
    if (!socket || socket.destroyed) return;
    const over = new Promise((resolve) => socket.once('close', resolve));
    const cut = () => socket.destroy();
    signal.addEventListener('abort', cut, { once: true });
    socket.end();
    if (signal.aborted) cut();
    await over;
    signal.removeEventListener('abort', cut);
  }

  #broken(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#options.onBreak?.();
  }

  /** Waits until something is done. When it fails, the connection does, or time is over, the socket is destroyed. */
  async #settled(
    connection: Connection,
    signal: AbortSignal,
    begin: (done: (error?: Error | null) => void) => void,
  ): Promise<void> {
    const { socket } = connection;
    let onClose = () => {};
    let onAbort = () => {};
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        onClose = () => reject(connection.fault ?? closed());
        onAbort = () => reject(named('ERR_ENDED', 'it was ended'));
        timer = setTimeout(() => reject(named('ETIMEDOUT')), this.#options.timeout);
        socket.once('close', onClose);
        signal.addEventListener('abort', onAbort, { once: true });
        if (signal.aborted) onAbort();
        else if (socket.destroyed) onClose();
        else begin((error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      socket.off('close', onClose);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #failed(error: unknown): Unanswered {
    const { shown, timeout, advice } = this.#options;
    return unanswered(error as NodeJS.ErrnoException, { shown, timeout, advice });
  }
}

function closed(): Error {
  return named('ECONNRESET', 'it closed the connection');
}

function named(code: string, message = ''): Error {
  return Object.assign(new Error(message), { code });
}
