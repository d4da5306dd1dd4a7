import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes. The configuration of a thousand Couics has a few hundred thousand. */
const MOST = 4 * 1024 * 1024;

/** Reads a file that a person wrote; a pipe will do. @throws Error of node:fs, or when it goes on and on. */
export function readText(path: string): string {
  const file = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const chunk = Buffer.alloc(65_536);
      const read = readSync(file, chunk);
      if (read === 0) return Buffer.concat(chunks).toString('utf8');
      chunks.push(chunk.subarray(0, read));
      length += read;
      if (length > MOST) throw new Error(`it has more than ${MOST / 1024 / 1024} MiB`);
    }
  } finally {
    closeSync(file);
  }
}
