import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { run } from './tools/command.ts';
import { describeWith } from './tools/describe-with.ts';

const root = join(import.meta.dirname, '../..');
const deploy = join(root, 'deploy');
const environment = { ...process.env, COUIC_REPORT_TOKEN: '11111111-1111-4111-8111-111111111111' };

interface ComposeService {
  readonly image: string;
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly volumes?: readonly { readonly type: string; readonly source: string }[];
}

interface ComposeModel {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
}

describeWith(['compose'], 'deploy/compose.yaml and deploy/cluster/compose.yaml, by schema', ({ compose }) => {
  test.each([
    ['compose.yaml', 6],
    ['cluster/compose.yaml', 3],
  ])('the reader of the Compose specification takes %s, and all that it mounts is there', async (file, mounted) => {
    const args = ['-no-interpolation', '-format', 'json', basename(file)];
    const { code, stdout, stderr } = await run(compose, args, { cwd: join(deploy, dirname(file)) });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const model = JSON.parse(stdout) as ComposeModel;
    const binds = Object.values(model.services).flatMap(({ volumes = [] }) =>
      volumes.filter(({ type }) => type === 'bind'),
    );
    const sources = [...binds.map(({ source }) => source), ...Object.values(model.configs).map(({ file }) => file)];
    expect(sources.filter((source) => !existsSync(source))).toEqual([]);
    expect(sources.length).toBeGreaterThanOrEqual(mounted);
  });

  test('it refuses a misspelt key, so it did look', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'couic-compose-'));
    const misspelt = readFileSync(join(deploy, 'compose.yaml'), 'utf8').replace('    restart:', '    restarts:');
    await writeFile(join(directory, 'compose.yaml'), misspelt);
    const { code, stderr } = await run(compose, ['-no-interpolation', 'compose.yaml'], { cwd: directory });
    await rm(directory, { recursive: true, force: true });
    expect(stderr).toContain('services.bridge.restarts');
    expect(code).not.toBe(0);
  });
});

describeWith(['promtool'], 'Prometheus in the stack', ({ promtool }) => {
  test('promtool takes its configuration', async () => {
    const { code, stdout } = await run(promtool, ['check', 'config', '--syntax-only', 'prometheus.yml'], {
      cwd: join(deploy, 'container'),
    });
    expect(stdout).toContain('SUCCESS');
    expect(code).toBe(0);
  });
});

describeWith([], 'The bridge in the stack', () => {
  test('takes its configuration, with the Collector beside it and without', async () => {
    const own = ['--config', join(deploy, 'container/otel-config.yaml')];
    const withCollector = [...own, '--config', join(deploy, 'container/with-collector.yaml')];
    for (const args of [own, withCollector]) {
      const { code, stdout, stderr } = await run(process.execPath, ['dist/src/main.js', 'validate', ...args], {
        cwd: root,
        env: environment,
      });
      expect(stderr).toBe('');
      expect(stdout).toContain('The configuration is valid');
      expect(code).toBe(0);
    }
  });

  test('the Collector is the version that the conformance tests run', () => {
    const { services } = parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8')) as ComposeModel;
    const manifest = readFileSync(join(import.meta.dirname, 'tools/collector-builder.yaml'), 'utf8');
    const { version } = (parse(manifest) as { dist: { version: string } }).dist;
    expect(services.collector?.image).toMatch(new RegExp(`:${version}$`));
  });
});
