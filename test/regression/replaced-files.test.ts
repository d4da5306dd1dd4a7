import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';

const ROOT = new URL('../..', import.meta.url).pathname;
const CONFIG = `
receivers: {couic: {endpoint: "127.0.0.1:0"}}
exporters: {debug: {}}
extensions: {file_storage: {directory: state}}
service: {extensions: [file_storage], pipelines: {metrics: {receivers: [couic], exporters: [debug]}}}
`;
const EXPORTER = 'dist/src/exporters.debug.exporter.js';

let folder: string;

/** As a package manager leaves it: a process that began with other files finds the same. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bridge-replaced-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['dist/src', 'package.json']) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'state'), { mode: 0o700 });
  writeFileSync(join(folder, 'config.yaml'), CONFIG);
});

/** Seen at a reload after an upgrade: nothing but that a module does not provide an export, as a fault of a line of the configuration. */
test.each([
  [
    'one lacks what another takes from it',
    () => appendFileSync(join(folder, EXPORTER), '\nimport { none } from "./clock.js";\n'),
  ],
  ['one is not there', () => rmSync(join(folder, EXPORTER))],
])('files of the bridge that do not fit together are named as that: %s', (_, change) => {
  change();
  const { status, stderr } = spawnSync(process.execPath, ['dist/src/main.js', '--config', 'config.yaml'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(stderr).toMatch(
    /^config\.yaml:3: exporters\.debug: the files of the bridge do not fit together: .*\. If others were installed since it was started, start it anew; else install it again\n$/,
  );
  expect(status).toBe(2);
});
