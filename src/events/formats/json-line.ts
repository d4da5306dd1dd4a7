import { printable } from '../../telemetry/printable.ts';

/** Most lines are of it alone, and nothing in it splits a line. */
const ASCII = /^[ -~]*$/;

/**
 * Writes a document as one line, without its end, for whatever splits text into lines: some do so at U+2028 and U+0085 too, which
 * JSON leaves as they are. Read as JSON, it is what it was.
 */
export function jsonLine(document: unknown): string {
  const line = JSON.stringify(document);
  return ASCII.test(line) ? line : printable(line);
}
