import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from './tools/command.ts';
import { describeWith } from './tools/describe-with.ts';

const root = join(import.meta.dirname, '../..');
const deploy = join(root, 'deploy/prometheus');
const cases = join(root, 'test/deploy/prometheus');

describeWith(['promtool'], 'Prometheus rules', ({ promtool }) => {
  test('promtool takes the configuration, and with it the rule files it names', async () => {
    const { code, stdout, stderr } = await run(promtool, ['check', 'config', 'prometheus.yml'], { cwd: deploy });
    expect(stderr).toBe('');
    expect(stdout).toContain('SUCCESS: 2 rule files found');
    expect(code).toBe(0);
  });

  test('promtool finds no fault with the rules', async () => {
    const files = ['couic-alerts.rules.yml', 'couic-recording.rules.yml'];
    const { code, stdout } = await run(promtool, ['check', 'rules', '--lint=all', '--lint-fatal', ...files], {
      cwd: deploy,
    });
    expect(stdout).not.toMatch(/FAILED|duplicate/);
    expect(code).toBe(0);
  });

  // A day of minutes, each of which promtool evaluates: 15 s of CPU time, and several times that beside other work.
  const timeout = 110_000;
  const files = readdirSync(cases).filter((file) => file.endsWith('.test.yml'));
  test.each(files)('%s: each alert fires when it should, and keeps quiet when it should not', async (file) => {
    const { code, stdout, stderr } = await run(promtool, ['test', 'rules', file], { cwd: cases, timeout });
    expect(`${stdout}${stderr}`).not.toContain('FAILED');
    expect(code).toBe(0);
  });
});
