import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { runCli } from '../support/cli.ts';
import { fakeFactories } from '../support/fake-factories.ts';
import { FakeService } from '../support/fake-service.ts';

const VALID = `
receivers: {source: {}}
exporters: {sink: {}}
extensions: {storage: {}, beside: {}}
service:
  extensions: [storage]
  pipelines: {metrics: {receivers: [source], exporters: [sink]}}
`;

const cli = (args: string, files: Record<string, string> = {}) =>
  runCli(args.split(' ').filter(Boolean), commands, { files, factories: new FakeService().factories });

const MORE = 'couic-otel-bridge --help says more.\n';

test.each([
  [
    'start',
    `unknown command "start" (known: ${commands
      .map(({ name }) => name || 'run')
      .toSorted()
      .join(', ')})`,
  ],
  ['vaildate', 'unknown command "vaildate" (did you mean "validate"?)'],
  ['--cofig a.yaml', 'unknown option --cofig (did you mean "--config"?)'],
  ['validate --config', '--config needs a value: --config …'],
  ['validate a.yaml', 'unexpected argument: options are written --NAME VALUE, a configuration --config FILE'],
  ['components --set a=b', 'unknown option --set'],
  // Its own options were not among those that are known.
  ['rules --tags scanner', 'unknown option --tags (did you mean "--tag"?)'],
  [
    'rules --colour',
    'unknown option --colour (known: --config, --format, --instance, --policy, --set, --state, --tag)',
  ],
])('%s is refused with what to write instead', async (args, message) => {
  expect(await cli(args)).toEqual({ code: 2, out: '', err: `couic-otel-bridge: ${message}\n${MORE}` });
});

test('options may come before the command', async () => {
  const files = { validate: VALID, 'a.yaml': VALID };
  expect(await cli('--config a.yaml validate', files)).toMatchObject({
    code: 0,
    out: 'The configuration is valid: a.yaml\n',
  });
  expect((await cli('--config validate print-config', files)).code).toBe(0);
  expect((await cli('run --cofig a.yaml')).err).toContain('unknown option --cofig');
  expect((await cli('run --help')).out).toContain('Usage:');
});

test('--version and --help', async () => {
  expect(await cli('--version')).toEqual({ code: 0, out: 'couic-otel-bridge 1.2.3\n', err: '' });
  const { code, out } = await cli('--help');
  expect(code).toBe(0);
  for (const { name, summary } of commands) expect(out).toContain(`${name} `.trimStart() && summary);
  for (const { name } of commands) {
    const help = (await cli(`${name || 'run'} --help`)).out;
    expect(help.split('  --config FILE').length, name).toBeLessThanOrEqual(2);
  }
  expect((await cli('validate --help')).out).toContain(
    'Usage: couic-otel-bridge validate [--config FILE]… [--set KEY=VALUE]…\n',
  );
  expect((await cli('components -h')).out).toBe(
    'List the types of components that this version has.\n\nUsage: couic-otel-bridge components\n',
  );
});

test('validate takes --config, else ./otel-config.yaml, else the one in /etc, else the one of the package, and says which', async () => {
  const files = { 'a.yaml': VALID, '/package/otel-config.yaml': VALID };
  const warning = 'warning: a.yaml:4: extensions.beside: is not used: add it to service.extensions, or remove it\n';
  expect(await cli('validate --config a.yaml', files)).toEqual({
    code: 0,
    out: 'The configuration is valid: a.yaml\n',
    err: warning,
  });
  expect(
    (await cli('validate', { ...files, './otel-config.yaml': VALID, '/etc/couic-otel-bridge/otel-config.yaml': VALID }))
      .out,
  ).toBe('The configuration is valid: ./otel-config.yaml\n');
  expect((await cli('validate', files)).out).toBe(
    'The configuration is valid: /package/otel-config.yaml, which came with the package: there is no --config, no ./otel-config.yaml and no /etc/couic-otel-bridge/otel-config.yaml\n',
  );
});

test.each([
  ['missing.yaml', 'missing.yaml: cannot read the configuration: no such file'],
  [
    'bad.yaml',
    'bad.yaml:2: recievers: unknown option (did you mean "receivers"?)\nbad.yaml:7: service.pipelines.metrics.receivers[0]: "source" is not defined: add it under receivers',
  ],
  ['create.yaml', 'create.yaml:2: receivers.source: does not like this'],
])('validate tells every problem of %s, with exit code 2', async (file, message) => {
  const files = {
    'bad.yaml': VALID.replace('receivers:', 'recievers:').replace(', beside: {}', ''),
    'create.yaml': VALID.replace('source: {}', 'source: {create: fails}'),
  };
  const { code, out, err } = await cli(`validate --config ${file}`, files);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toBe(`${message}\n`);
});

test('--set comes over the files', async () => {
  const { out } = await cli('print-config --config a.yaml --set receivers.source.instances=[edge]', {
    'a.yaml': VALID,
  });
  expect(out).toContain('receivers:\n  source:\n    instances:\n      - edge\n');
});

test('components lists what there is by kind, with its former names', async () => {
  const { out } = await runCli(['components'], commands, { files: {}, factories: fakeFactories });
  expect(out).toBe(`version: 1.2.3
receivers:
  - name: couic
    summary: is there for tests
    stability: stable
exporters:
  - name: prometheus
    summary: is there for tests
    stability: stable
  - name: crowdsec
    summary: is there for tests
    stability: stable
  - name: otlp_http
    summary: is there for tests
    aliases:
      - otlphttp
    stability: alpha
extensions:
  - name: file_storage
    summary: is there for tests
    stability: stable
`);
});
