import { readSync } from 'node:fs';
import { FRAME_HEAD, type FrameHead, isFrameIntact, readFrameHead } from './frames.ts';

/** A whole frame, in a buffer that is good until the next one is taken. */
export interface Frame {
  readonly head: FrameHead;
  readonly bytes: Buffer;
  readonly at: number;
}

const BUFFER_BYTES = 1024 * 1024;

/** Reads the frames of a file through a buffer; who uses it does the reading, at once or asynchronously. */
export class FrameReader {
  /** In the file, of the next frame. */
  offset: number;
  readonly #salt: number;
  #buffer = Buffer.from(new ArrayBuffer(BUFFER_BYTES));
  /** In the file, of the buffer's first byte. */
  #start: number;
  #length = 0;
  #needed = FRAME_HEAD;

  constructor(salt: number, offset: number) {
    this.#salt = salt;
    this.offset = offset;
    this.#start = offset;
  }

  /** `more`: see `room()`; at the end of the file, nothing whole is left. `broken`: what is there is no frame. */
  take(): Frame | 'more' | 'broken' {
    const at = this.offset - this.#start;
    const have = this.#length - at;
    this.#needed = FRAME_HEAD;
    if (have < FRAME_HEAD) return 'more';
    const head = readFrameHead(this.#buffer, at, this.#salt);
    if (!head) return 'broken';
    this.#needed = head.length;
    if (have < head.length) return 'more';
    if (!isFrameIntact(this.#buffer, at, head, this.#salt)) return 'broken';
    this.offset += head.length;
    return { head, bytes: this.#buffer, at };
  }

  /** Where the next bytes of the file go, and where in the file they are. */
  room(): { into: Buffer; position: number } {
    const at = this.offset - this.#start;
    if (at + this.#needed > this.#buffer.length) {
      const buffer = this.#needed > this.#buffer.length ? Buffer.from(new ArrayBuffer(this.#needed)) : this.#buffer;
      this.#buffer.copy(buffer, 0, at, this.#length);
      this.#buffer = buffer;
      this.#length -= at;
      this.#start = this.offset;
    }
    return { into: this.#buffer.subarray(this.#length), position: this.#start + this.#length };
  }

  filled(bytes: number): void {
    this.#length += bytes;
  }
}

/** All whole frames of a file from an offset on. @returns where it ends, which is the end of the file if all is well. */
export function* readFrames(fd: number, salt: number, offset: number): Generator<Frame, number> {
  const reader = new FrameReader(salt, offset);
  for (;;) {
    const frame = reader.take();
    if (frame === 'broken') return reader.offset;
    if (frame !== 'more') {
      yield frame;
      continue;
    }
    const { into, position } = reader.room();
    const bytes = readSync(fd, into, 0, into.length, position);
    if (bytes === 0) return reader.offset;
    reader.filled(bytes);
  }
}
