import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLog, temporaryDirectory } from '../log/embedded/testing.ts';

/**
 * Of six bridges that began at once on a new directory one was told that it "cannot be used as a directory: ENOENT … manifest.json.new":
 * it had seen the winner's unfinished file, which had its own name when it was looked at. Here a name that leads nowhere stands for that.
 */
test('a file that is gone between being seen and being looked at does not make a directory unusable', async () => {
  const directory = temporaryDirectory();
  symlinkSync('nowhere', join(directory, 'manifest.json.new'));
  const log = openLog(directory);
  await log.load();
  expect(log.identity.createdAt).toBeDefined();
});
