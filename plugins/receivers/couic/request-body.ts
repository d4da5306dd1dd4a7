import type { IncomingMessage } from 'node:http';
import { BodyStalledError, ClientGoneError } from './errors.ts';

/** Bytes that are taken from the socket ahead of the ledger, so that the wire is not idle while a chunk is committed. */
const READ_AHEAD = 256 * 1024;
/** How long the rest of a refused body is read and dropped, so that its sender sees the answer and not a reset. */
const LINGER = 5000;

interface Waiter {
  resolve(result: IteratorResult<Uint8Array, undefined>): void;
  reject(error: Error): void;
}

const DONE: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined };

/**
 * The bytes of a request as they come. Unlike the stream's own iterator it leaves the socket open when the reader stops
 * early, so that the answer can still be sent; and it costs a fraction, which a request with one report notices.
 * Nothing is read before the first `next()`: a body that waits for its turn stays in the kernel's buffers.
 */
export class RequestBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #request: IncomingMessage;
  readonly #stallTimeout: number;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #started = false;
  #ended = false;
  #error: Error | undefined;
  #waiter: Waiter | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param stallTimeout - milliseconds that a reader waits for the next bytes; a body that moves is never cut. */
  constructor(request: IncomingMessage, stallTimeout: number) {
    this.#request = request;
    this.#stallTimeout = stallTimeout;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * @throws ClientGoneError when the client hung up mid-body.
   * @throws BodyStalledError when nothing came for `stallTimeout`.
   */
  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#started) this.#start();
    const value = this.#queue.shift();
    if (value) {
      this.#queued -= value.length;
      if (this.#request.isPaused()) this.#request.resume();
      return Promise.resolve({ done: false, value });
    }
    if (this.#error) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#timer = setTimeout(() => this.#fail(new BodyStalledError(this.#stallTimeout)), this.#stallTimeout);
    });
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.discard();
    return Promise.resolve(DONE);
  }

  /** Ends the reading. What is still to come is dropped for a while, then the connection is. */
  discard(): void {
    this.#queue = [];
    this.#queued = 0;
    if (this.#started) {
      this.#request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
      this.#started = false;
    }
    if (!this.#ended) discardRequest(this.#request);
    this.#ended = true;
  }

  #start(): void {
    this.#started = true;
    const request = this.#request;
    if (request.destroyed) {
      this.#onClose();
      return;
    }
    request.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    if (request.isPaused()) request.resume();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    const waiter = this.#takeWaiter();
    if (waiter) {
      waiter.resolve({ done: false, value: chunk });
      return;
    }
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    if (this.#queued >= READ_AHEAD) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#takeWaiter()?.resolve(DONE);
  };

  readonly #onClose = (): void => {
    if (!this.#ended) this.#fail(new ClientGoneError());
  };

  #fail(error: Error): void {
    this.#error ??= error;
    this.#takeWaiter()?.reject(error);
  }

  #takeWaiter(): Waiter | undefined {
    const waiter = this.#waiter;
    if (waiter) {
      this.#waiter = undefined;
      clearTimeout(this.#timer);
    }
    return waiter;
  }
}

/** Reads and drops what is left of a request that is answered early, for a bounded time. */
export function discardRequest(request: IncomingMessage, linger: number = LINGER): void {
  if (request.readableEnded || request.destroyed) return;
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, linger);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
  request.resume();
}
