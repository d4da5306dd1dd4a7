import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from './tools/command.ts';
import { describeWith } from './tools/describe-with.ts';

describeWith(['otelcol'], 'deploy/collector', ({ otelcol }) => {
  test('the Collector finds no fault with the configuration', async () => {
    const config = join(import.meta.dirname, '../../deploy/collector/config.yaml');
    const { code, stdout, stderr } = await run(otelcol, ['validate', '--config', config]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
