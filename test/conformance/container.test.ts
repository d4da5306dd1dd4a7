import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './tools/command.ts';
import { describeWith } from './tools/describe-with.ts';

const root = join(import.meta.dirname, '../..');
/** npm takes what it needs from its registry or its cache. */
const BUILD_TIMEOUT = 10 * 60_000;

describeWith([], 'deploy/container/Containerfile, step by step in a clean folder', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'couic-container-'));
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('its first stage builds, and what its second stage takes from it starts alone', {
    timeout: BUILD_TIMEOUT,
  }, async () => {
    const [build, final] = stages(readFileSync(join(root, 'deploy/container/Containerfile'), 'utf8'));
    const [from, to] = [join(directory, 'build'), join(directory, 'final')];
    await mkdir(from);
    for (const { name, words } of build!) {
      if (name === 'COPY') await copy(words, root, from);
      if (name !== 'RUN') continue;
      const { code, stdout, stderr } = await run('/bin/sh', ['-c', words.join(' ')], {
        cwd: from,
        timeout: BUILD_TIMEOUT,
      });
      expect({ step: words.join(' '), code }, `${stdout}${stderr}`).toEqual({ step: words.join(' '), code: 0 });
    }
    for (const { name, words } of final!) {
      const [stage, path, ...target] = words;
      if (name === 'COPY' && stage === '--from=build') await copy([path!.replace('/app/', ''), ...target], from, to);
    }
    const env = { ...process.env, COUIC_REPORT_TOKEN: '11111111-1111-4111-8111-111111111111' };
    const args = ['dist/src/main.js', 'validate', '--config', join(root, 'deploy/container/otel-config.yaml')];
    const { stdout, stderr } = await run(process.execPath, args, { cwd: to, env });
    expect(stderr).toBe('');
    expect(stdout).toContain('The configuration is valid');
  });
});

interface Step {
  readonly name: string;
  readonly words: readonly string[];
}

/** The instructions of each stage; a backslash at a line's end goes on in the next. */
function stages(containerfile: string): Step[][] {
  const lines = containerfile.replaceAll(/\\\n/g, ' ').split('\n');
  const found: Step[][] = [];
  for (const line of lines.filter((text) => text !== '' && !text.startsWith('#'))) {
    const [name, ...words] = line.trim().split(/\s+/);
    if (name === 'FROM') found.push([]);
    else found.at(-1)?.push({ name: name!, words });
  }
  return found;
}

/** Copies as COPY does for what this file uses: files into `./`, one folder or file to a name. */
async function copy(words: readonly string[], from: string, to: string): Promise<void> {
  const target = words.at(-1)!;
  for (const source of words.slice(0, -1)) {
    const destination = target.endsWith('/') ? join(to, target, basename(source)) : join(to, target);
    await mkdir(dirname(destination), { recursive: true });
    await cp(join(from, source), destination, { recursive: true, verbatimSymlinks: true });
  }
}
