import type { FileHandle } from 'node:fs/promises';

/** Bytes of a line that are looked at; no line of an event is so long. */
const LONGEST = 1_048_576;
const LINE_FEED = 0x0a;

/** A line with its end. */
export interface Line {
  readonly text: string;
  /** Of the text in UTF-8. */
  readonly bytes: number;
}

/** What is to be written, and of which line. */
export interface Piece {
  /** Bytes where a line does not begin with it. */
  readonly content: string | Buffer;
  readonly bytes: number;
  /** Place among the lines; undefined of what only ends a line that is none of them. */
  readonly line: number | undefined;
}

/** What a file ends with after its last line: a crash or a full disk left the rest of it unwritten. Empty: all lines are whole. */
export async function tornLine(file: FileHandle, size: number): Promise<Buffer> {
  const last = await read(file, Math.max(0, size - 1), size);
  if (last.length === 0 || last[0] === LINE_FEED) return Buffer.alloc(0);
  const end = await read(file, Math.max(0, size - LONGEST), size);
  return end.subarray(end.lastIndexOf(LINE_FEED) + 1);
}

async function read(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
  return buffer.subarray(0, bytesRead);
}

/**
 * Begins with the rest of the line that was torn, which is offered again since nobody said that it was taken. So nothing is cut off that
 * someone may have read already, and whoever follows the file sees whole lines only. When it is none of these lines, it is ended.
 * @param done - places of lines that are not to be written again.
 */
export function afterTorn(torn: Buffer, lines: readonly Line[], done: ReadonlySet<number>): Piece[] {
  const pieces = lines
    .map(({ text, bytes }, line): Piece => ({ content: text, bytes, line }))
    .filter(({ line }) => !done.has(line!));
  if (torn.length === 0) return pieces;
  const same = lines.findIndex(({ text }, line) => !done.has(line) && beginsWith(text, torn));
  if (same === -1) return [{ content: '\n', bytes: 1, line: undefined }, ...pieces];
  const rest = Buffer.from(lines[same]!.text).subarray(torn.length);
  return [{ content: rest, bytes: rest.length, line: same }, ...pieces.filter(({ line }) => line !== same)];
}

function beginsWith(text: string, torn: Buffer): boolean {
  return Buffer.from(text).subarray(0, torn.length).equals(torn);
}
