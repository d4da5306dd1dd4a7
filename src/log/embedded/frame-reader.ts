import { readSync } from 'node:fs';
import { FRAME_HEAD, type FrameHead, isFrameIntact, readFrameHead } from './frames.ts';

/** A whole frame, in a buffer that is good until the next one is taken. */
export interface Frame {
  readonly head: FrameHead;
  readonly bytes: Buffer;
  readonly at: number;
}

const WINDOW = 1024 * 1024;

/** Reads the frames of a file through a window; who uses it does the reading, at once or asynchronously. */
export class FrameReader {
  /** In the file, of the next frame. */
  offset: number;
  readonly #salt: number;
  #window = Buffer.from(new ArrayBuffer(WINDOW));
  /** In the file, of the window's first byte. */
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
    const head = readFrameHead(this.#window, at, this.#salt);
    if (!head) return 'broken';
    this.#needed = head.length;
    if (have < head.length) return 'more';
    if (!isFrameIntact(this.#window, at, head, this.#salt)) return 'broken';
    this.offset += head.length;
    return { head, bytes: this.#window, at };
  }

  /** Where the next bytes of the file go, and where in the file they are. */
  room(): { into: Buffer; position: number } {
    const at = this.offset - this.#start;
    if (at + this.#needed > this.#window.length) {
      const window = this.#needed > this.#window.length ? Buffer.from(new ArrayBuffer(this.#needed)) : this.#window;
      this.#window.copy(window, 0, at, this.#length);
      this.#window = window;
      this.#length -= at;
      this.#start = this.offset;
    }
    return { into: this.#window.subarray(this.#length), position: this.#start + this.#length };
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
