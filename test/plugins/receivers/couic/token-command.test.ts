import { expect, test } from 'vitest';
import { tokenCommand } from '../../../../plugins/receivers/couic/token-command.ts';
import { runCli } from '../../../support/cli.ts';

const cli = (args: string) => runCli(args.split(' '), [tokenCommand], { files: {}, factories: [] });

test('token makes one, and prints the lines for both sides', async () => {
  const { out, code } = await cli('token edge-1');
  const [token] = out.split('\n');
  expect(code).toBe(0);
  expect(token).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(out).toContain(`- name: edge-1\n        token: ${token}`);
  expect(out).toContain(`webhook = "http://127.0.0.1:8000/v1/reports/${token}"`);
  expect(out).toContain('${env:COUIC_REPORT_TOKEN}');
  expect((await cli('token')).out).toContain('- name: couic\n');
  expect((await cli('token a/b')).err).toContain('token takes one name');
});
