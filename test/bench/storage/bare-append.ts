import { closeSync, fdatasync, openSync, write } from 'node:fs';
import { promisify } from 'node:util';

const append = promisify(write);
const sync = promisify(fdatasync);

/** The least that durable can mean: a bare file, appended to and synced. The reference of all that commits. */
export class BareFile {
  readonly #descriptor: number;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'a');
  }

  async append(record: Uint8Array): Promise<void> {
    await append(this.#descriptor, record);
    await sync(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** CPU time of one call of `step`, threads of file access included, µs. */
export async function cpuOf(calls: number, step: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  for (let i = 0; i < calls; i++) await step();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / calls;
}
