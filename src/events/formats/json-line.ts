import { printable } from '../../telemetry/printable.ts';

/**
 * Writes a document as one line, without its end, for whatever splits text into lines: some do so at U+2028 and U+0085 too, which
 * JSON leaves as they are. Read as JSON, it is what it was.
 */
export function jsonLine(document: unknown): string {
  return printable(JSON.stringify(document));
}
