import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'admin.sock';
/** What the kernel takes for the path of a Unix socket, its end mark included, is 108 bytes. */
const LONGEST = 107;

/** A path to listen on or connect to, and what to do when that is done. */
export interface SocketPath {
  readonly path: string;
  release(): void;
}

export function adminSocketFile(directory: string): string {
  return join(directory, NAME);
}

/** The socket of a state directory. A path that is too long for the kernel goes by the directory's descriptor. */
export function adminSocketPath(directory: string): SocketPath {
  const path = adminSocketFile(directory);
  if (Buffer.byteLength(path) <= LONGEST || process.platform !== 'linux') return { path, release: () => {} };
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${descriptor}/${NAME}`, release: () => closeSync(descriptor) };
}
