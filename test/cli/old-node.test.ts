import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);
const main = join(import.meta.dirname, '../../dist/src/main.js');

/** Runs the command as a Node of another version would begin to: it says that it is one. */
async function runAs(version: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`;
  try {
    return { code: 0, ...(await run(process.execPath, ['--import', preload, main, 'components'])) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

describe('a Node that is too old', () => {
  test.each(['20.18.3', '18.20.8', '12.22.12'])('%s gets one sentence and exit code 2', async (version) => {
    expect(await runAs(version)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `couic-otel-bridge needs Node 20.19 or newer, and this is ${version}: install a newer one\n`,
    });
  });

  test.each(['20.19.0', '22.0.0'])('%s is none', async (version) => {
    expect(await runAs(version)).toMatchObject({ code: 0, stderr: '' });
  });

  test('can read the file that says so: nothing is imported before, and nothing in it is newer than Node 12', () => {
    const text = readFileSync(main, 'utf8');
    expect(text).not.toMatch(/^\s*import\s/m);
    expect(text).not.toMatch(/\?\.|\?\?|await|#\w+\(/);
  });
});
