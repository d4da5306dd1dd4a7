import { createHash } from 'node:crypto';
import type { Entry, Erasure, Fold, Position } from '../../src/log/log.ts';

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Numbers from 0 to 1, the same ones for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
}

/** Keeps every record it was given, in order: a fold that forgets nothing. */
export class ListFold implements Fold {
  records: string[] = [];
  /** What was applied, not restored. */
  readonly seen: [position: Position, topic: string, text: string][] = [];
  readonly times: number[] = [];
  applied = 0;
  /** Snapshots that were given up or taken to their end. */
  returned = 0;
  readonly #pieceBytes: number;

  constructor(pieceBytes = 1000) {
    this.#pieceBytes = pieceBytes;
  }

  apply({ position, topic, time, record }: Entry): void {
    const text = Buffer.from(record).toString('latin1');
    this.applied++;
    this.records.push(text);
    this.seen.push([position, topic, text]);
    this.times.push(time);
  }

  snapshot(): Iterable<Uint8Array> {
    const all = bytes(JSON.stringify(this.records));
    const size = this.#pieceBytes;
    let at = 0;
    const iterator: Iterator<Uint8Array> = {
      next() {
        if (at >= all.length) return { done: true, value: undefined };
        at += size;
        return { done: false, value: all.subarray(at - size, at) };
      },
      return: () => {
        this.returned++;
        return { done: true, value: undefined };
      },
    };
    return { [Symbol.iterator]: () => iterator };
  }

  restore(pieces: Iterable<Uint8Array>): void {
    const copies = Array.from(pieces, (piece) => Buffer.from(piece));
    this.records = JSON.parse(Buffer.concat(copies).toString('latin1'));
  }
}

/** Keeps every record until it is told to let go of something in them. */
export class ForgettingFold extends ListFold {
  erase(what: Erasure): void {
    this.records = this.records.map((record) => {
      const text = bytes(record);
      what.scrub(text);
      return text.toString('latin1');
    });
  }
}

/** Knows how many records it was given, and a digest of them in their order; small, and its snapshots have several pieces. */
export class DigestFold implements Fold {
  state = { count: 0, digest: '' };

  apply({ record }: Entry): void {
    this.add(record);
  }

  add(record: Uint8Array): void {
    const digest = createHash('sha256').update(this.state.digest).update(record).digest('hex');
    this.state = { count: this.state.count + 1, digest };
  }

  snapshot(): Iterable<Uint8Array> {
    const text = JSON.stringify(this.state);
    return [text.slice(0, 10), text.slice(10, 20), text.slice(20)].map(bytes);
  }

  restore(pieces: Iterable<Uint8Array>): void {
    this.state = JSON.parse(Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))).toString());
  }
}
