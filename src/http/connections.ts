import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { OnHttpFault } from './http-faults.ts';
import type { ListenerLimits } from './listener-limits.ts';

/** How long the rest of a request that was answered early is read and dropped, so that its sender sees the answer and not a reset. */
const LINGER = 2000;
const LONGEST_SWEEP = 1000;

export interface Connection {
  /** With TLS: the encrypted one at first, then the one inside. */
  socket: Socket;
  /** The request under way, with its answer. */
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
  /** Requests that were sent ahead. */
  readonly waiting: (readonly [IncomingMessage, ServerResponse])[];
  /** A request of it was answered well: of two that are silent, the other one goes first. */
  isProven: boolean;
  /** When it was first seen with answers that its client had not read, by the monotonic clock. */
  behindSince: number | undefined;
  /** When it is destroyed, whatever it does. */
  endsAt: number | undefined;
}

/**
 * The connections of one listener, and which of them goes when there is no room: the one that is silent for the longest.
 * So whoever only connects locks nobody out.
 */
export class Connections {
  readonly #limits: () => ListenerLimits;
  readonly #clock: Clock;
  readonly #onFault: OnHttpFault;
  readonly #open = new Set<Connection>();
  /** Without a request under way, longest first: of which nothing good was heard yet, and of which there was. */
  readonly #unproven = new Set<Connection>();
  readonly #idle = new Set<Connection>();
  readonly #bySocket = new WeakMap<Socket, Connection>();
  #sweep: NodeJS.Timeout | undefined;

  /** @param limits - as they are now. */
  constructor(limits: () => ListenerLimits, clock: Clock, onFault: OnHttpFault) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** Takes in a new connection, or destroys it when all others are at work. */
  accept(socket: Socket): void {
    if (this.#open.size >= this.#limits().max_connections && !this.#makeRoom(socket)) return;
    const connection: Connection = {
      socket,
      request: undefined,
      response: undefined,
      waiting: [],
      isProven: false,
      behindSince: undefined,
      endsAt: undefined,
    };
    this.#open.add(connection);
    this.#unproven.add(connection);
    socket.once('close', () => this.#remove(connection));
    this.attach(connection, socket);
    const { write_timeout } = this.#limits();
    this.#sweep ??= setInterval(() => this.#endOverdue(), Math.min(LONGEST_SWEEP, write_timeout / 2)).unref();
  }

  /** From now on it is known by this socket. */
  attach(connection: Connection, socket: Socket): void {
    connection.socket = socket;
    this.#bySocket.set(socket, connection);
    // Node calls this after an answer with "Connection: close". To a client that is still sending, closing at once would
    // be a reset, which can overtake the answer.
    const { destroySoon } = socket;
    socket.destroySoon = () => {
      if (connection.request?.complete === false) this.endGently(connection);
      else destroySoon.call(socket);
    };
  }

  of(socket: Socket): Connection | undefined {
    return this.#bySocket.get(socket);
  }

  begin(connection: Connection, request: IncomingMessage, response: ServerResponse): void {
    connection.request = request;
    connection.response = response;
    this.#unproven.delete(connection);
    this.#idle.delete(connection);
  }

  /** Its request is answered. */
  end(connection: Connection): void {
    const { response } = connection;
    if (response && response.statusCode < 400) connection.isProven = true;
    connection.request = undefined;
    connection.response = undefined;
    if (this.#open.has(connection)) (connection.isProven ? this.#idle : this.#unproven).add(connection);
  }

  /** Sends what there is to send and no more; what still comes is dropped for a while. */
  endGently(connection: Connection, answer?: string): void {
    connection.endsAt ??= this.#clock.monotonic() + LINGER;
    if (answer === undefined) connection.socket.end();
    else connection.socket.end(answer);
  }

  #makeRoom(newcomer: Socket): boolean {
    const victim = first(this.#unproven) ?? first(this.#idle) ?? this.#longestBehind();
    this.#onFault('ERR_TOO_MANY_CONNECTIONS', { remoteAddress: (victim?.socket ?? newcomer).remoteAddress });
    if (victim) this.#destroy(victim);
    else newcomer.destroy();
    return victim !== undefined;
  }

  #longestBehind(): Connection | undefined {
    let longest: Connection | undefined;
    for (const connection of this.#open) {
      if ((connection.behindSince ?? Number.POSITIVE_INFINITY) < (longest?.behindSince ?? Number.POSITIVE_INFINITY)) {
        longest = connection;
      }
    }
    return longest;
  }

  #endOverdue(): void {
    const now = this.#clock.monotonic();
    const { write_timeout } = this.#limits();
    for (const connection of this.#open) {
      const { socket, endsAt } = connection;
      connection.behindSince = socket.writableLength > 0 ? (connection.behindSince ?? now) : undefined;
      if (connection.behindSince !== undefined && now - connection.behindSince >= write_timeout) {
        this.#onFault('ERR_NOT_READ', { remoteAddress: socket.remoteAddress });
        this.#destroy(connection);
      } else if (endsAt !== undefined && now >= endsAt) {
        this.#destroy(connection);
      }
    }
  }

  #destroy(connection: Connection): void {
    this.#remove(connection);
    connection.socket.destroy();
  }

  #remove(connection: Connection): void {
    this.#open.delete(connection);
    this.#unproven.delete(connection);
    this.#idle.delete(connection);
    connection.waiting.length = 0;
    if (this.#open.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  for (const each of set) return each;
  return undefined;
}
