import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const MODULE = new URL('../../dist/src/log/embedded/make-directory.js', import.meta.url).href;

/** In a process of its own: what was seen would hold up the test's time limit too. */
test.runIf(process.platform === 'linux')(
  'a state directory where none can be made kept the start busy for ever, deaf to SIGTERM',
  () => {
    const script = `(await import('${MODULE}')).makeDirectory('/proc/couic-otel-bridge/data')`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 10_000,
      killSignal: 'SIGKILL',
    });
    expect([child.signal, child.status]).toEqual([null, 1]);
    expect(child.stderr).toContain('ENOENT: no such file or directory, mkdir');
  },
);
