import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { parseEnvironmentFile } from '../../src/cli/service-environment.ts';
import { factories } from '../../src/components.ts';
import { runCli } from '../support/cli.ts';

it('reads a file of variables as systemd does', () => {
  const text = [
    '# a comment',
    '; another',
    '',
    'PLAIN=a b',
    '  INDENTED=x  ',
    "SINGLE='a \\n b'",
    'DOUBLE="say \\"hi\\" for \\$5, not \\n"',
    'ESCAPED=a\\ b',
    'EMPTY=',
    'EQUALS=a=b==',
    'HASH=a#b',
    '1BAD=x',
    'no assignment',
    'TWICE=1',
    'TWICE=2\r',
  ].join('\n');
  expect(parseEnvironmentFile(text)).toEqual({
    PLAIN: 'a b',
    INDENTED: 'x',
    SINGLE: 'a \\n b',
    DOUBLE: 'say "hi" for $5, not \\n',
    ESCAPED: 'a b',
    EMPTY: '',
    EQUALS: 'a=b==',
    HASH: 'a#b',
    TWICE: '2',
  });
});

describe("the service's configuration is looked at with the service's variables", () => {
  const CONFIG = '/etc/couic-otel-bridge/otel-config.yaml';
  const ENVIRONMENT = '/etc/couic-otel-bridge/environment';
  const yaml = `
receivers: {couic: {}}
exporters: {crowdsec: {api_key: "\${env:CROWDSEC_LAPI_KEY:-}"}}
extensions: {file_storage: {directory: /nowhere/state}}
service: {extensions: [file_storage], pipelines: {metrics: {receivers: [couic], exporters: [crowdsec]}}}
`;
  const run = (args: string[], files: Record<string, string>) => runCli(args, commands, { files, factories });

  it.each(['validate', 'print-config'])('by %s', async (command) => {
    expect((await run([command], { [CONFIG]: yaml })).code).toBe(2);
    expect(await run([command], { [CONFIG]: yaml, [ENVIRONMENT]: 'CROWDSEC_LAPI_KEY=abc' })).toMatchObject({ code: 0 });
  });

  it('and no other configuration', async () => {
    const files = { 'own.yaml': yaml, [ENVIRONMENT]: 'CROWDSEC_LAPI_KEY=abc' };
    expect((await run(['validate', '--config', 'own.yaml'], files)).code).toBe(2);
  });

  it('and whoever may not read them is told so', async () => {
    // It is there, and reading it fails.
    const files = new Proxy<Record<string, string>>(
      { [CONFIG]: yaml },
      { has: (all, path) => path === ENVIRONMENT || path in all },
    );
    expect((await run(['validate'], files)).err).toContain(
      `${ENVIRONMENT}, which this user may not read: run this as root.`,
    );
  });
});
