import { join } from 'node:path';
import type { Position } from '../log.ts';

/*
 * What lies in a log's directory:
 *
 * | manifest.json            | whose log it is, and in which segment it goes on                                    |
 * | 0000000000000001.log     | a segment, named for its first position                                             |
 * | 0000000000004711.snapshot| all folds as of that position                                                       |
 * | reserve                  | room for the next snapshot, which is written over it: so the log can be cut on a full disk |
 * | position                 | how far the log had come a moment ago, at least                                     |
 * | note                     | what is to be finished when the process ends before it is, see LogEngine.setNote     |
 * | lock                     | held by the process that has the log                                                |
 */
export const MANIFEST = 'manifest.json';
export const RESERVE = 'reserve';
export const MARK = 'position';
export const NOTE = 'note';
export const LOCK = 'lock';
/** Left by the command line for `doctor`; the log has nothing to do with it. */
export const LAST_FAILURE = 'last-failure.json';
/** What file systems put there themselves, and what is not for the log to read. */
const OTHERS = ['lost+found', '.snapshot', '.snapshots', '.zfs', LAST_FAILURE];

const SEGMENT = /^(\d{16})\.log$/;
const SNAPSHOT = /^(\d{16})\.snapshot$/;
/** Left by a process that ended before it was whole. */
export const UNFINISHED = /^(manifest\.json|note|\d{16}\.log)\.new$/;
/** Of the versions before the log lay in plain files. */
export const PREDECESSOR = /^(segment-\d{6,}\.mdb|exclusive\.mdb|couic-otel-bridge\.store)/;

const numbered = (position: Position): string => String(position).padStart(16, '0');

export const segmentPath = (directory: string, first: Position): string => join(directory, `${numbered(first)}.log`);
export const snapshotPath = (directory: string, position: Position): string =>
  join(directory, `${numbered(position)}.snapshot`);

/** First positions of the segments among these names, ascending. */
export function segmentsIn(names: readonly string[]): Position[] {
  return numbersOf(names, SEGMENT);
}

/** Positions of the snapshots among these names, ascending. */
export function snapshotsIn(names: readonly string[]): Position[] {
  return numbersOf(names, SNAPSHOT);
}

function numbersOf(names: readonly string[], pattern: RegExp): number[] {
  return names
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Whether what has this name is there without a log: of file systems, of a start that failed, of a process that only looked. */
export function isBeforeAnyLog(name: string): boolean {
  return name === LOCK || OTHERS.includes(name);
}

/** Whether a directory with these names in it is somebody else's: a bridge that was there has left its lock. */
export function isOfOthers(names: readonly string[]): boolean {
  return !names.includes(LOCK) && !names.every(isBeforeAnyLog);
}

/** Whether the log needs to write what has this name. */
export function isWritten(name: string): boolean {
  return isOurs(name) && !OTHERS.includes(name);
}

/** Whether the name is one of ours, or what file systems put there themselves. */
export function isOurs(name: string): boolean {
  return (
    [MANIFEST, RESERVE, MARK, NOTE, LOCK, ...OTHERS].includes(name) ||
    SEGMENT.test(name) ||
    SNAPSHOT.test(name) ||
    UNFINISHED.test(name)
  );
}
