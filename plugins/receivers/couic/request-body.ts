import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { discardRequest } from '../../../src/http/discard-request.ts';
import type { BodySource } from '../../../src/ledger/body-source.ts';
import { freeMemory } from '../../../src/ledger/free-memory.ts';
import { BodyStalledError, ClientGoneError } from './errors.ts';
import { PieceQueue } from './piece-queue.ts';

/** Bytes that are taken from the socket ahead of the ledger, so that the wire is not idle while a chunk is committed. */
const READ_AHEAD = 256 * 1024;
/** A body that brings less in all the time of a stall is one that stalls: a byte now and then is no progress. */
const LEAST_PROGRESS = 16;

type Piece = Uint8Array | null | undefined;

interface Waiter {
  readonly isPatient: boolean;
  resolve(piece: Piece): void;
  reject(error: Error): void;
}

/**
 * The bytes of a request as they come. Unlike the stream's own iterator it leaves the socket open when the reader stops
 * early, so that the answer can still be sent; and it costs a fraction, which a request with one report notices.
 * Nothing is read before the first `read()`: a body that waits for its turn stays in the kernel's buffers.
 */
export class RequestBody implements BodySource {
  readonly #request: IncomingMessage;
  readonly #stallTimeout: number;
  readonly #queue = new PieceQueue();
  /** Bytes that are still to come, by the request's header; NaN when it does not say. */
  #left: number;
  #state: 'new' | 'reading' | 'discarded' = 'new';
  #complete = false;
  #error: Error | undefined;
  #waiter: Waiter | undefined;
  #given: Uint8Array | undefined;
  /** The memory of its bytes is its own. */
  readonly #isOwner: boolean;
  /** Since the last progress: what came, and how long the reader waited for it, ms. */
  #sinceProgress = { bytes: 0, waited: 0 };
  #waitsSince = 0;
  #stall: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;

  /** @param stallTimeout - milliseconds that a reader waits without progress; a body that moves is never cut. */
  constructor(request: IncomingMessage, stallTimeout: number) {
    this.#request = request;
    this.#stallTimeout = stallTimeout;
    this.#left = Number(request.headers['content-length'] ?? Number.NaN);
    // Not so under `inject()`.
    this.#isOwner = request.socket instanceof Socket;
  }

  get ended(): boolean {
    return this.#complete && this.#queue.bytes === 0;
  }

  /**
   * @throws ClientGoneError when the client hung up mid-body.
   * @throws BodyStalledError when nothing, or next to nothing, came for `stallTimeout`.
   */
  read(patience: number): Promise<Piece> {
    this.#free();
    if (this.#state === 'new') this.#start();
    const piece = this.#queue.shift();
    if (piece) {
      this.#progress(piece.length, 0);
      if (this.#request.isPaused()) this.#request.resume();
      this.#given = piece;
      return Promise.resolve(piece);
    }
    if (this.#error) return Promise.reject(this.#error);
    if (this.#complete || this.#state === 'discarded') return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const isPatient = patience >= this.#stallTimeout;
      this.#waiter = { isPatient, resolve, reject };
      this.#waitsSince = performance.now();
      if (isPatient) this.#stall = again(this.#stall, this.#onStalled, this.#stallTimeout);
      else this.#patience = again(this.#patience, this.#onPatienceOver, patience);
    });
  }

  abort(reason: Error): void {
    this.#queue.clear();
    this.#fail(reason);
  }

  /** Ends the reading. What is still to come is dropped for a while, then the connection is. */
  discard(): void {
    if (this.#state === 'discarded') return;
    this.#state = 'discarded';
    this.#free();
    this.#queue.clear();
    clearTimeout(this.#stall);
    clearTimeout(this.#patience);
    if (!this.#complete) discardRequest(this.#request);
    else if (this.#request.isPaused()) this.#request.resume();
  }

  #start(): void {
    this.#state = 'reading';
    const request = this.#request;
    if (request.destroyed) {
      this.#onClose();
      return;
    }
    request.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    if (request.isPaused()) request.resume();
  }

  readonly #onData = (piece: Uint8Array): void => {
    if (this.#state === 'discarded') return;
    this.#left -= piece.length;
    // The stream says so a little later; a small body need not wait for that.
    if (this.#left === 0) this.#complete = true;
    const waiter = this.#takeWaiter();
    if (waiter) {
      this.#given = piece;
      waiter.resolve(piece);
      if (this.#progress(piece.length, performance.now() - this.#waitsSince) && !this.#complete) {
        this.#fail(new BodyStalledError(this.#stallTimeout));
      }
      return;
    }
    this.#queue.push(piece);
    if (this.#queue.bytes >= READ_AHEAD) this.#request.pause();
  };

  /** @returns whether the body stands still, though it moves. */
  #progress(bytes: number, waited: number): boolean {
    const since = this.#sinceProgress;
    since.bytes += bytes;
    since.waited += waited;
    if (since.bytes < LEAST_PROGRESS) return since.waited >= this.#stallTimeout;
    since.bytes = 0;
    since.waited = 0;
    return false;
  }

  readonly #onEnd = (): void => {
    this.#complete = true;
    this.#takeWaiter()?.resolve(null);
  };

  readonly #onClose = (): void => {
    if (!this.#complete) this.#fail(new ClientGoneError());
  };

  // Timers are not stopped when bytes come, but begin anew with the next wait: that is cheaper. So they may go off late,
  // while nobody waits, or somebody with the other patience.
  readonly #onPatienceOver = (): void => {
    if (!this.#waiter || this.#waiter.isPatient) return;
    this.#sinceProgress.waited += performance.now() - this.#waitsSince;
    this.#takeWaiter()?.resolve(undefined);
  };

  readonly #onStalled = (): void => {
    if (this.#waiter?.isPatient) this.#fail(new BodyStalledError(this.#stallTimeout));
  };

  #fail(error: Error): void {
    this.#error ??= error;
    this.#takeWaiter()?.reject(error);
  }

  #takeWaiter(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    return waiter;
  }

  #free(): void {
    if (this.#given && this.#isOwner) freeMemory(this.#given);
    this.#given = undefined;
  }
}

function again(timer: NodeJS.Timeout | undefined, callback: () => void, milliseconds: number): NodeJS.Timeout {
  return timer ? timer.refresh() : setTimeout(callback, milliseconds);
}
