import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

test('the demo shows the table of cscli, and ends in order', async () => {
  const main = fileURLToPath(new URL('../../dist-test/test/support/demo.js', import.meta.url));
  const demo = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void demo.kill('SIGTERM'));
  let output = '';
  for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (data) => (output += String(data)));
  await expect.poll(() => output, { timeout: 40_000 }).toContain('Received ');
  const ended = once(demo, 'exit');
  demo.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  // The last window is sealed at the end.
  expect(output).toContain('would show now');
  expect(output).toMatch(/^\| +Total \|/m);
}, 60_000);
