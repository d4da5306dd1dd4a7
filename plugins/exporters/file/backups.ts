import { parse } from 'node:path';
import type { RotationConfig } from './config.ts';

const DAY = 86_400_000;
const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)-(\d\d)\.(\d{3})$/;

/** `2026-11-26T11-20-00.000`, as the Collector's file exporter has it. @param time - ms since the epoch. */
function stamp(time: number, localtime: boolean): string {
  const date = new Date(localtime ? time - new Date(time).getTimezoneOffset() * 60_000 : time);
  return date.toISOString().slice(0, -1).replaceAll(':', '-');
}

function timeOf(text: string, localtime: boolean): number | undefined {
  const parts = TIME.exec(text)?.slice(1).map(Number) as [number, number, number, number, number, number, number];
  if (!parts) return undefined;
  const [year, month, day, ...rest] = parts;
  return localtime ? new Date(year, month - 1, day, ...rest).getTime() : Date.UTC(year, month - 1, day, ...rest);
}

/**
 * Names of the files that `path` was before: `events.json` becomes `events-2026-11-26T11-20-00.000.json`.
 * @param taken - names in the directory: what was rotated in the same millisecond, or before the clock was set back.
 */
export function backupName(path: string, time: number, localtime: boolean, taken: ReadonlySet<string>): string {
  const { name, ext } = parse(path);
  for (let at = time; ; at++) {
    const backup = `${name}-${stamp(at, localtime)}${ext}`;
    if (!taken.has(backup)) return backup;
  }
}

/** Of the names in the directory of `path`, those of older files that the bounds let go of. Others' files are none of them. */
export function surplusBackups(
  path: string,
  names: Iterable<string>,
  { max_days, max_backups, localtime }: RotationConfig,
  now: number,
): string[] {
  const { name, ext } = parse(path);
  const backups = [...names].flatMap((each) => {
    if (!each.startsWith(`${name}-`) || !each.endsWith(ext)) return [];
    const time = timeOf(each.slice(name.length + 1, each.length - ext.length), localtime);
    return time === undefined ? [] : [{ name: each, time }];
  });
  backups.sort((a, b) => b.time - a.time);
  return backups
    .filter(
      ({ time }, place) => (max_backups > 0 && place >= max_backups) || (max_days > 0 && now - time > max_days * DAY),
    )
    .map(({ name }) => name);
}
