import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LocalDirectory } from '../../../src/log/jetstream/local-directory.ts';
import { temporaryDirectory } from '../embedded/testing.ts';

const logger = { warn: () => {} };

it('a directory that cannot be had is told with the setting of jetstream_storage, not with that of file_storage', async () => {
  const path = temporaryDirectory();
  const first = new LocalDirectory(path, logger);
  await first.open();
  const locked = new LocalDirectory(path, logger).open();
  await expect(locked).rejects.toThrow('of its own (extensions::jetstream_storage::directory).');
  await first.close();
  const file = join(path, 'file');
  writeFileSync(file, '');
  const foreign = new LocalDirectory(file, logger).open();
  await expect(foreign).rejects.toThrow('does not exist yet (extensions::jetstream_storage::directory).');
});
