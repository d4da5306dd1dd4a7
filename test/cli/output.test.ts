import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { Output } from '../../src/cli/output.ts';

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

it('waits for a slow reader, and knows when nobody reads any more', async () => {
  const stream = new PassThrough({ highWaterMark: 10 });
  const output = new Output(stream);
  expect(await output.write('short')).toBe(true);
  const waits = output.write('longer than there is room for');
  let isOver = false;
  void Promise.resolve(waits).then(() => {
    isOver = true;
  });
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  stream.resume();
  expect(await waits).toBe(true);
  await output.end();
  stream.pause();
  const last = output.write('x'.repeat(100));
  stream.destroy(new Error('EPIPE'));
  expect(await last).toBe(false);
  expect(output.write('more')).toBe(false);
  await output.end();
});

it('the end of the process cuts nothing off what a pipe has not taken yet', () => {
  const directory = mkdtempSync(join(tmpdir(), 'output-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const config = join(directory, 'c.yaml');
  const instances = Array.from({ length: 2000 }, (_, i) => ({ name: `couic-${i}`, token: `token-of-couic-${i}` }));
  writeFileSync(
    config,
    JSON.stringify({
      receivers: { couic: { instances } },
      exporters: { prometheus: {} },
      extensions: { file_storage: {} },
      service: {
        extensions: ['file_storage'],
        pipelines: { metrics: { receivers: ['couic'], exporters: ['prometheus'] } },
      },
    }),
  );
  const script = '"$0" "$1" print-config --config "$2" | (sleep 0.2; grep -c "name: couic-")';
  const out = execFileSync('sh', ['-c', script, process.execPath, main, config], { encoding: 'utf8' });
  expect(Number(out)).toBe(2000);
});
