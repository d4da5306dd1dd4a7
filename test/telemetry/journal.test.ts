import fs from 'node:fs';
import { expect, test } from 'vitest';
import { isJournal } from '../../src/telemetry/journal.ts';

test('a descriptor is the journal when $JOURNAL_STREAM names its device and inode', () => {
  const fd = fs.openSync('/dev/null', 'w');
  try {
    const { dev, ino } = fs.fstatSync(fd);
    expect(isJournal(fd, `${dev}:${ino}`)).toBe(true);
    // A child whose output was sent elsewhere still has the variable.
    expect(isJournal(fd, `${dev}:${ino + 1}`)).toBe(false);
    expect(isJournal(fd, undefined)).toBe(false);
    expect(isJournal(9999, `${dev}:${ino}`)).toBe(false);
  } finally {
    fs.closeSync(fd);
  }
});
