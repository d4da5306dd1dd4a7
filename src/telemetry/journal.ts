import fs from 'node:fs';

/** pino's level of an error. */
export const ERROR = 50;

/** Priorities of syslog(3) by pino's levels. */
const PRIORITIES: Readonly<Record<number, number>> = { 10: 7, 20: 7, 30: 6, 40: 4, 50: 3, 60: 2 };

/** Whether what is written there goes to systemd's journal: `$JOURNAL_STREAM` of systemd.exec(5) names the device and inode of its socket. */
export function isJournal(fd: number, stream: string | undefined): boolean {
  if (!stream) return false;
  try {
    const { dev, ino } = fs.fstatSync(fd);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Begins each line of an entry as sd-daemon(3) says, so that `journalctl -p warning` finds it. */
export function withPriority(level: number, entry: string): string {
  return entry.replace(/^(?=.)/gm, `<${PRIORITIES[level] ?? 6}>`);
}
