import { checkDataFile } from './check-data-file.ts';
import { DataFileFault } from './data-file-fault.ts';
import type { StoreDirectory } from './directory.ts';
import { Environment } from './environment.ts';
import { damaged, foreign } from './errors.ts';
import { EVERYTHING, MANIFEST_KEY, RECORDS } from './layout.ts';
import { createLmdbFiles } from './lmdb-files.ts';
import { decodeManifest, encodeManifest, type Manifest } from './manifest.ts';

/**
 * One file of a store: the state at its start as snapshots, and the log from there on. A new segment takes over the log
 * at once and gets its snapshot after and after; once that is whole, the older segments are deleted. So rows are only
 * ever added to a file: LMDB becomes slow when it has many pages to use again.
 */
export class Segment {
  readonly number: number;
  readonly path: string;
  readonly environment: Environment;
  #manifest: Manifest | undefined;

  private constructor(number: number, path: string, environment: Environment) {
    this.number = number;
    this.path = path;
    this.environment = environment;
  }

  /** Makes the file of a new segment. It counts for nothing before it has a manifest. @throws the system's error. */
  static async create(directory: StoreDirectory, number: number): Promise<Segment> {
    const path = directory.segmentFile(number);
    await createLmdbFiles(path);
    await directory.sync();
    return new Segment(number, path, new Environment(path));
  }

  /** Opens a file that is there, after it was checked. @throws StorageError when it is damaged, or no segment. */
  static async open(directory: StoreDirectory, number: number): Promise<Segment> {
    const path = directory.segmentFile(number);
    check(path, directory.isMarked);
    await createLmdbFiles(path);
    const segment = new Segment(number, path, new Environment(path));
    try {
      segment.#readManifest();
      return segment;
    } catch (error) {
      await segment.close();
      throw error;
    }
  }

  /** `undefined`: the process ended before there was one. */
  get manifest(): Manifest | undefined {
    return this.#manifest;
  }

  get hasRecords(): boolean {
    return this.environment.has(RECORDS);
  }

  /** @throws StorageError `ERR_STORAGE_COMMIT`. */
  async setManifest(manifest: Manifest): Promise<void> {
    await this.environment.commit({ put: [{ key: MANIFEST_KEY, value: encodeManifest(manifest) }] });
    this.#manifest = manifest;
  }

  #readManifest(): void {
    const row = this.environment.get(MANIFEST_KEY);
    if (row) this.#manifest = decodeManifest(row, this.path);
    else if (this.environment.has(EVERYTHING)) throw foreign(this.path, 'holds the data of another program');
  }

  close(): Promise<void> {
    return this.environment.close();
  }
}

function check(path: string, isMarked: boolean): void {
  try {
    checkDataFile(path);
  } catch (error) {
    if (!(error instanceof DataFileFault))
      throw damaged(path, `it cannot be read (${(error as Error).message})`, error);
    if (!isMarked) throw foreign(path, `is no store of the bridge, or a damaged one: ${error.message}`);
    throw damaged(path, error.message, error);
  }
}
