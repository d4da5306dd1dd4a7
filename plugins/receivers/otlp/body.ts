import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import * as zlib from 'node:zlib';
import { discardRequest } from '../../../src/http/discard-request.ts';
import type { RefusalCode } from './answers.ts';

/** A body that is not taken. */
export class RefusedBody extends Error {
  readonly code: RefusalCode | undefined;

  /** @param code - undefined: the client is gone, and nobody is there to be answered. */
  constructor(code: RefusalCode | undefined, options?: ErrorOptions) {
    super(code ?? 'the client hung up', options);
    this.name = 'RefusedBody';
    this.code = code;
  }
}

/** Node has zstd from 22.15 on. */
const createZstd = (zlib as { createZstdDecompress?: () => Duplex }).createZstdDecompress;

const DECOMPRESSORS: Readonly<Record<string, (() => Duplex) | undefined>> = {
  identity: undefined,
  gzip: () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  ...(createZstd && { zstd: createZstd }),
};

/** What a sender may compress by, for `Accept-Encoding`. */
export const ACCEPTED_ENCODINGS = Object.keys(DECOMPRESSORS)
  .filter((name) => name !== 'identity')
  .join(', ');

/** Bytes of bodies that are in memory, of all requests together. */
export class BodyBudget {
  readonly #most: number;
  #used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @returns whether there is room; the first is always let in. */
  take(bytes: number): boolean {
    if (this.#used > 0 && this.#used + bytes > this.#most) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

interface BodyOptions {
  /** Of the body, compressed or not. */
  readonly maxBytes: number;
  /** Milliseconds for all of it. */
  readonly timeout: number;
  readonly budget: BodyBudget;
}

/** A body that came whole; `release` it when it was taken. */
interface WholeBody {
  readonly bytes: Uint8Array;
  release(): void;
}

/**
 * Reads a body, and decompresses it as it comes: no more of it is in memory than may be. What is left of one that is refused is
 * read and dropped, so that its sender sees the answer.
 * @throws RefusedBody
 */
export function readBody(request: IncomingMessage, { maxBytes, timeout, budget }: BodyOptions): Promise<WholeBody> {
  const { 'content-encoding': encoding = 'identity', 'content-length': length } = request.headers;
  const name = encoding.toLowerCase();
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    let isOver = false;
    const end = () => {
      isOver = true;
      clearTimeout(timer);
      request.off('close', gone);
      request.off('error', gone);
      // What may still fail is nobody's concern.
      request.on('error', () => {});
      source.off('data', take);
      if (decompressor) {
        request.unpipe(decompressor);
        decompressor.destroy();
      }
    };
    const refuse = (code: RefusalCode | undefined, cause?: unknown) => {
      if (isOver) return;
      end();
      budget.give(bytes);
      if (code) discardRequest(request);
      reject(new RefusedBody(code, { cause }));
    };
    const take = (piece: Uint8Array) => {
      if (bytes + piece.length > maxBytes) return refuse('ERR_TOO_LARGE');
      if (!budget.take(piece.length)) return refuse('ERR_BUSY');
      bytes += piece.length;
      pieces.push(piece);
    };
    const gone = () => {
      if (!request.complete) refuse(undefined);
    };
    const timer = setTimeout(() => refuse('ERR_STALLED'), timeout);
    let decompressor: Duplex | undefined;
    let source: NodeJS.ReadableStream = request;
    if (!Object.hasOwn(DECOMPRESSORS, name)) return refuse('ERR_CONTENT_ENCODING');
    if (Number(length) > maxBytes) return refuse('ERR_TOO_LARGE');
    decompressor = DECOMPRESSORS[name]?.();
    if (decompressor) source = request.pipe(decompressor);
    request.on('close', gone);
    request.on('error', gone);
    source.on('data', take);
    decompressor?.on('error', (error) => refuse('ERR_MALFORMED', error));
    source.once('end', () => {
      if (isOver) return;
      end();
      resolve({ bytes: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces), release: () => budget.give(bytes) });
    });
  });
}
