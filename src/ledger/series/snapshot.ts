import type { SavedTable, SeriesTable, TableEntry } from './series-table.ts';

/*
 * Pieces of a snapshot: the first byte says what is in it. The head, JSON, comes first; then entries, a line of JSON each;
 * then the columns, each in as many pieces as it takes, with the number of the column in the second byte.
 */
const HEAD = 0;
const ENTRIES = 1;
const COLUMN = 2;

const PIECE_BYTES = 512 * 1024;
const NUMBERS_A_PIECE = PIECE_BYTES / 8;

type Head = Pick<SavedTable, 'rows'> & { readonly columns: number };

/** The pieces of what was saved, one after the other. */
export function* snapshotTable({ rows, columns, entries }: SavedTable): Generator<Uint8Array> {
  yield Buffer.concat([Buffer.of(HEAD), json({ rows, columns: columns.length } satisfies Head)]);
  let lines: string[] = [];
  let characters = 0;
  for (const entry of entries) {
    const line = JSON.stringify(entry());
    lines.push(line);
    characters += line.length + 1;
    // UTF-8 takes up to three bytes for one of these.
    if (characters * 3 < PIECE_BYTES) continue;
    yield Buffer.concat([Buffer.of(ENTRIES), Buffer.from(lines.join('\n'))]);
    lines = [];
    characters = 0;
  }
  if (lines.length > 0) yield Buffer.concat([Buffer.of(ENTRIES), Buffer.from(lines.join('\n'))]);
  for (const [number, column] of columns.entries()) {
    for (let at = 0; at < column.length; at += NUMBERS_A_PIECE) {
      const part = column.subarray(at, at + NUMBERS_A_PIECE);
      yield Buffer.concat([Buffer.of(COLUMN, number), Buffer.from(part.buffer, part.byteOffset, part.byteLength)]);
    }
  }
}

/** @param table - new, with nothing in it. */
export function restoreTable(table: SeriesTable, pieces: Iterable<Uint8Array>): void {
  let head: Head = { rows: 0, columns: 0 };
  const entries: TableEntry[] = [];
  let columns: { values: Float64Array; filled: number }[] = [];
  for (const piece of pieces) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    if (bytes[0] === HEAD) {
      head = JSON.parse(bytes.toString('utf8', 1)) as Head;
      const { rows } = head;
      columns = Array.from({ length: head.columns }, () => ({ values: new Float64Array(rows), filled: 0 }));
    } else if (bytes[0] === ENTRIES) {
      for (const line of bytes.toString('utf8', 1).split('\n')) entries.push(JSON.parse(line) as TableEntry);
    } else {
      const column = columns[bytes[1]!]!;
      // Floats have to begin at a multiple of eight, and the piece does not.
      const part = new Float64Array(new Uint8Array(bytes.subarray(2)).buffer);
      column.values.set(part, column.filled);
      column.filled += part.length;
    }
  }
  table.restore({ ...head, columns: columns.map(({ values }) => values) }, entries);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
