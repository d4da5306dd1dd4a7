import { type FileHandle, open } from 'node:fs/promises';
import type { Entry } from '../log.ts';
import type { Disk, DiskFile } from './disk.ts';
import { damaged } from './errors.ts';
import { FrameReader } from './frame-reader.ts';
import { readEntries, resealFrame } from './frames.ts';
import { SEGMENT_HEAD, type Segment } from './segment.ts';

interface RewriteOptions {
  readonly disk: Disk;
  readonly directory: string;
  /** Not the newest. */
  readonly segment: Segment;
  /** Overwrites something in a record, in place. @returns whether it was there. */
  readonly blank: (entry: Entry) => boolean;
  /** Ends it, and leaves the segment as it was. */
  readonly signal: AbortSignal;
}

/** Puts a copy of a segment in its place, frame by frame, if there is anything to be overwritten in it. @returns in how many entries. */
export async function rewriteSegment(options: RewriteOptions): Promise<number> {
  const { disk, directory, segment } = options;
  const file = await open(segment.path, 'r');
  const unfinished = `${segment.path}.new`;
  try {
    // Most segments have nothing of it: they are read and left as they are.
    const count = await copy(file, undefined, options);
    if (count === 0) return 0;
    const into = await disk.open(unfinished, 'new');
    try {
      await copy(file, into, options);
      await into.sync();
    } catch (error) {
      await disk.remove(unfinished).catch(() => {});
      throw error;
    } finally {
      await into.close();
    }
    await disk.rename(unfinished, segment.path);
    segment.revision++;
    await disk.syncDirectory(directory);
    return count;
  } finally {
    await file.close();
  }
}

async function copy(
  file: FileHandle,
  into: DiskFile | undefined,
  { segment, blank, signal }: RewriteOptions,
): Promise<number> {
  const head = Buffer.alloc(SEGMENT_HEAD);
  await file.read(head, 0, SEGMENT_HEAD, 0);
  await into?.write(head, 0);
  const frames = new FrameReader(segment.salt, SEGMENT_HEAD);
  let count = 0;
  for (let next = segment.first; next <= segment.last; ) {
    signal.throwIfAborted();
    const start = frames.offset;
    const frame = frames.take();
    if (frame === 'broken') throw damaged(segment.path, `the checksum of record ${next} does not match`);
    if (frame === 'more') {
      const { into: room, position } = frames.room();
      const { bytesRead } = await file.read(room, 0, room.length, position);
      if (bytesRead === 0) throw damaged(segment.path, `record ${next} is missing`);
      frames.filled(bytesRead);
      continue;
    }
    const { head: frameHead, bytes, at } = frame;
    let changed = 0;
    for (const entry of readEntries(bytes, at, frameHead)) if (blank(entry)) changed++;
    if (changed > 0) resealFrame(bytes, at, frameHead, segment.salt);
    count += changed;
    await into?.write(bytes.subarray(at, at + frameHead.length), start);
    next = frameHead.first + frameHead.count;
  }
  return count;
}
