/** Largest piece that a store takes. */
const PIECE = 1024 * 1024;

/** Writes values as lines of JSON, in pieces of at most 1 MiB; a long line goes over several. */
export function* toPieces(values: Iterable<unknown>): Iterable<Uint8Array> {
  let lines: Buffer[] = [];
  let size = 0;
  for (const value of values) {
    const line = Buffer.from(`${JSON.stringify(value)}\n`, 'utf8');
    for (let at = 0; at < line.length; ) {
      const part = line.subarray(at, at + PIECE - size);
      lines.push(part);
      size += part.length;
      at += part.length;
      if (size === PIECE) {
        yield Buffer.concat(lines);
        lines = [];
        size = 0;
      }
    }
  }
  if (size > 0) yield Buffer.concat(lines);
}

/** Reads what `toPieces` wrote. */
export function* fromPieces(pieces: Iterable<Uint8Array>): Iterable<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  for (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
}
