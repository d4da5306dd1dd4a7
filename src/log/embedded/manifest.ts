import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { LogIdentity, Position } from '../log.ts';
import { StorageError } from '../storage-error.ts';
import { damaged, foreign } from './errors.ts';
import { MANIFEST, segmentsIn } from './layout.ts';

const FORMAT = 'couic-otel-bridge log';
/** Counts up when an older bridge could no longer read what this one writes. */
const VERSION = 4;
const NOTE = 'State of couic-otel-bridge. To back it up, stop the bridge and copy the directory.';

interface Manifest extends LogIdentity {
  /** First position of the newest segment: it, and all before it, were written to. */
  readonly newest: Position;
}

/** JSON, legible for whoever has to repair it, with a checksum over the rest. */
export function encodeManifest({ logId, instanceId, createdAt, newest }: Manifest, version = VERSION): Buffer {
  return Buffer.from(sealed({ format: FORMAT, version, note: NOTE, logId, instanceId, createdAt, newest }));
}

/**
 * @returns undefined when there is none.
 * @throws StorageError `ERR_STORAGE_DAMAGED`, `ERR_STORAGE_FOREIGN`, `ERR_STORAGE_OLDER`, `ERR_STORAGE_NEWER`.
 */
export function readManifest(directory: string): Manifest | undefined {
  const path = join(directory, MANIFEST);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw damaged(path, `it cannot be read (${(error as Error).message})`, error);
  }
  const { content, isIntact } = parse(text);
  if (!isIntact) {
    if (segmentsIn(readdirSync(directory)).length === 0) throw foreign(path, 'is not of a log of the bridge');
    throw damaged(path, 'it is not what was written');
  }
  if (content.version < VERSION)
    throw new StorageError(
      'ERR_STORAGE_OLDER',
      `${path} was written by an earlier version of the bridge (format ${content.version}), which this version cannot read. Run that version again, or move the directory away to start anew; totals, active rules and what was not sent yet are then lost.`,
    );
  if (content.version > VERSION)
    throw new StorageError(
      'ERR_STORAGE_NEWER',
      `${path} was written by a newer version of the bridge (format ${content.version}; this version reads up to ${VERSION}). Run the newer version again, or restore a backup from before the upgrade.`,
    );
  const { logId, instanceId, createdAt, newest } = content;
  return { logId, instanceId, createdAt, newest };
}

function parse(text: string): { content: Manifest & { version: number }; isIntact: boolean } {
  try {
    const { crc32: sum, ...content } = JSON.parse(text);
    const isIntact = content.format === FORMAT && sealed(content) === text && sum !== undefined;
    return { content, isIntact };
  } catch {
    return { content: {} as Manifest & { version: number }, isIntact: false };
  }
}

function sealed(content: object): string {
  return `${JSON.stringify({ ...content, crc32: crc32(JSON.stringify(content)) })}\n`;
}
