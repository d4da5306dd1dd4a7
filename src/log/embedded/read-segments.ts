import { type FileHandle, open } from 'node:fs/promises';
import { type Entry, Gap, type Position } from '../log.ts';
import { damaged } from './errors.ts';
import { FrameReader } from './frame-reader.ts';
import { readEntries } from './frames.ts';
import { SEGMENT_HEAD, type Segment } from './segment.ts';

/** Where a reader stands, so that whoever follows the log does not read a segment from its beginning again and again. */
interface Place {
  readonly segment: Segment;
  readonly revision: number;
  readonly frames: FrameReader;
}

/**
 * Entries from a position on, from the files, and then as they come. It reads what was acknowledged, and no further.
 * @param segments - those that there are at any time, oldest first.
 * @param more - resolves when there is more to read, or nothing more will come.
 */
export async function* readSegments(
  segments: readonly Segment[],
  from: Position,
  signal: AbortSignal,
  more: (signal: AbortSignal) => Promise<void>,
): AsyncGenerator<Entry, void> {
  let place: Place | undefined;
  for (let next = from; !signal.aborted; ) {
    if (next < segments[0]!.first) throw new Gap(next, segments[0]!.first);
    const segment = segments.find(({ last }) => next <= last);
    if (!segment) {
      await more(signal);
      continue;
    }
    // Before the file is opened: what takes its place meanwhile is opened anew.
    const { revision } = segment;
    const file = await open(segment.path, 'r').catch((error) => {
      if (segments.includes(segment)) throw damaged(segment.path, 'it cannot be read', error);
    });
    // It was cut meanwhile.
    if (!file) continue;
    if (place?.segment !== segment || place.revision !== revision)
      place = { segment, revision, frames: new FrameReader(segment.salt, SEGMENT_HEAD) };
    next = yield* readSegment(place, file, next, signal);
  }
}

/** @param file - closed at the end. @returns the position after the last that it gave. Ends early when the file was replaced. */
async function* readSegment(
  { segment, revision, frames }: Place,
  file: FileHandle,
  from: Position,
  signal: AbortSignal,
): AsyncGenerator<Entry, Position> {
  let next = from;
  try {
    while (next <= segment.last && !signal.aborted && segment.revision === revision) {
      const frame = frames.take();
      if (frame === 'more') await fill(frames, file, segment, next);
      else if (frame === 'broken')
        throw damaged(segment.path, `the checksum of a record at or before ${next} does not match`);
      else if (frame.head.first + frame.head.count > next) {
        for (const entry of readEntries(frame.bytes, frame.at, frame.head)) {
          if (segment.revision !== revision) return next;
          if (entry.position < next) continue;
          next = entry.position + 1;
          yield entry;
        }
      }
    }
  } finally {
    await file.close();
  }
  return next;
}

async function fill(reader: FrameReader, file: FileHandle, segment: Segment, next: Position): Promise<void> {
  const { into, position } = reader.room();
  const { bytesRead } = await file.read(into, 0, Math.min(into.length, Math.max(0, segment.end - position)), position);
  if (bytesRead === 0) throw damaged(segment.path, `record ${next} is missing`);
  reader.filled(bytesRead);
}
