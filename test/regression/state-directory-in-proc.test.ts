import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const MAIN = new URL('../../dist/src/main.js', import.meta.url).pathname;

/** In a process of its own: what was seen would hold up the test's time limit too. */
test.runIf(process.platform === 'linux')(
  'a state directory where none can be made kept the start busy for ever, deaf to SIGTERM',
  () => {
    const set = 'extensions.file_storage.directory=/proc/couic-otel-bridge/data';
    const child = spawnSync(process.execPath, [MAIN, '--set', set], {
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    expect([child.signal, child.status]).toEqual([null, 1]);
    expect(child.stdout + child.stderr).toContain('/proc/couic-otel-bridge');
    expect(child.stdout + child.stderr).toContain('ENOENT');
  },
);
