import { afterAll, beforeAll, expect, test } from 'vitest';
import { Discord } from '../../../support/discord/server.ts';
import { ServedBridge } from '../../../support/served-bridge.ts';

let discord: Discord;
let url: string;
let bridge: ServedBridge;
beforeAll(async () => {
  discord = new Discord();
  url = await discord.open();
  bridge = await ServedBridge.start({
    exporters: () =>
      `, digest: {name: paris, notifiers: {discord: [{webhook_url: "${url}"}, {webhook_url: "${url}x", name: other}]}}`,
    service:
      'pipelines: {metrics: {receivers: [couic], exporters: [prometheus]}, logs: {receivers: [couic], exporters: [digest]}}',
  });
});
afterAll(async () => {
  await bridge.remove();
  await discord.close();
});

const digest = (...args: string[]) => bridge.cli('digest', ...args, '--config', 'c.yaml');

test.each(['runs', 'is stopped'])('a test message goes to every notifier while the bridge %s', async (state) => {
  if (state === 'is stopped') await bridge.service.shutdown();
  discord.messages.length = 0;
  const { code, out } = await digest('test');
  expect(out).toContain(`digest, discord: ${new URL(url).origin} took the message\n`);
  expect(out).toMatch(/^digest, discord\/other: http:\S+ answered 401, code 50027: the webhook is not there any more/m);
  expect(code).toBe(1);
  expect(discord.messages).toMatchObject([
    { username: 'Couic', embeds: [{ title: '📊 Test', author: { name: 'Server: paris' } }] },
  ]);
  const status = await digest();
  expect(status.code).toBe(0);
  expect(status.out).toContain(
    state === 'runs' ? 'digest, every 15m: 0 rules added since ' : 'digest, every 15m: no bridge runs',
  );
  expect(out + status.out).not.toContain(url.split('/').at(-1));
});

test('says so when there is no digest, and what it does not know', async () => {
  expect(await digest('send')).toMatchObject({
    code: 2,
    err: expect.stringContaining('digest send: expected status or test'),
  });
  const { yaml } = bridge;
  bridge.yaml = yaml.replace(/, digest: .*/, '}').replace(/, logs: .*/, '}');
  expect(await digest('test')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no exporter of this configuration makes digests'),
  });
  bridge.yaml = yaml;
});

test('the doctor asks Discord whether it knows the webhook, and sends nothing', async () => {
  discord.messages.length = 0;
  const { out } = await bridge.cli('doctor', '--config', 'c.yaml');
  expect(out).toMatch(/discord: http:\S+ knows the webhook/);
  expect(out).toMatch(/discord\/other: http:\S+ answered 401/);
  expect(discord.messages).toEqual([]);
});
