import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { MovedLog } from '../engine.ts';
import type { Position } from '../log.ts';
import { encodeCursor, READER_PREFIX } from '../readers.ts';
import { type Disk, writeWhole } from './disk.ts';
import { entryBytes, FRAME_HEAD, type NewEntry, writeFrame } from './frames.ts';
import { MANIFEST, snapshotPath } from './layout.ts';
import { encodeManifest } from './manifest.ts';
import { Segment } from './segment.ts';
import { writeSnapshot } from './snapshot-file.ts';

/** Says nothing: it stands where an entry is missing, since the positions of a segment have no gap. */
const FILLER: NewEntry = { topic: `${READER_PREFIX}erasure`, record: encodeCursor(null) };

/** Writes a whole log into an empty directory that is locked: the manifest, without which none is there, last. */
export async function adoptInto(
  disk: Disk,
  directory: string,
  { identity, snapshot, first, entries }: MovedLog,
): Promise<void> {
  const { logId } = identity;
  const segment = await Segment.create(disk, directory, logId, first, randomInt(1, 2 ** 32));
  const file = await disk.open(segment.path, 'write');
  try {
    let next: Position = first;
    let at = segment.end;
    for await (const { position, time, epoch, topic, record } of entries) {
      const all = [...Array.from({ length: position - next }, () => FILLER), { topic, record }];
      for (const entry of all) {
        const frame = Buffer.alloc(FRAME_HEAD + entryBytes(entry));
        const length = writeFrame(frame, segment.salt, { first: next++, time, epoch }, [entry]);
        await file.write(frame.subarray(0, length), at);
        at += length;
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (snapshot) {
    const path = snapshotPath(directory, snapshot.position);
    const kept = await disk.open(path, 'new');
    try {
      const pieces = (async function* () {
        yield* snapshot.pieces;
      })();
      await writeSnapshot(kept, logId, snapshot.position, randomInt(1, 2 ** 32), pieces);
    } finally {
      await kept.close();
    }
  }
  await disk.syncDirectory(directory);
  await writeWhole(disk, directory, join(directory, MANIFEST), encodeManifest({ ...identity, newest: first }));
}
