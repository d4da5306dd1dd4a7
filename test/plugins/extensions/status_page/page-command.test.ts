import { afterEach, expect, test } from 'vitest';
import { ServedBridge } from '../../../support/served-bridge.ts';

let bridge: ServedBridge;
afterEach(() => bridge.remove());

test('gives a code that logs in once, and says what is missing', async () => {
  bridge = await ServedBridge.start({ extensions: 'status_page: {endpoint: "127.0.0.1:0"}' });
  const { code, out } = await bridge.cli('page', '--config', 'c.yaml');
  expect(code).toBe(0);
  const [, url, secret] = /^(http:\S+)\ncode: (\S+) \(once, within 5 minutes\)\n$/.exec(out)!;
  const login = () =>
    fetch(`${url}login`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ secret: secret! }) });
  expect((await login()).status).toBe(303);
  expect((await login()).status).toBe(403);
  await bridge.service.shutdown();
  expect(await bridge.cli('page', '--config', 'c.yaml')).toMatchObject({
    code: 1,
    err: expect.stringContaining('the page is there while one does'),
  });
});

test('a bridge without a page is told how to have one', async () => {
  bridge = await ServedBridge.start();
  expect(await bridge.cli('page', '--config', 'c.yaml')).toMatchObject({
    code: 1,
    err: expect.stringContaining('add "status_page: {}" under extensions'),
  });
});
