import { afterEach, expect, test } from 'vitest';
import { configSchema } from '../../../../plugins/extensions/status_page/config.ts';
import { StatusPage } from '../../../../plugins/extensions/status_page/extension.ts';
import { LOGIN_OPERATION, type PageLogin } from '../../../../plugins/extensions/status_page/operations.ts';
import { RULE_OPERATIONS } from '../../../../src/service/admin/rules.ts';
import { SUMMARY_OPERATION } from '../../../../src/service/admin/summary.ts';
import type { BridgeView } from '../../../../src/service/bridge-view.ts';
import { emptyBridge, exporterContext, noDeadline } from '../../../support/exporter-context.ts';

const running: StatusPage[] = [];
afterEach(async () => {
  for (const page of running.splice(0)) await page.shutdown(noDeadline);
});

async function start(options: Record<string, unknown> = {}, context = contextOf()) {
  const page = new StatusPage(context, configSchema.parse({ endpoint: '127.0.0.1:0', ...options }));
  running.push(page);
  await page.start();
  return { page, context, login: async () => (await page.operations[LOGIN_OPERATION]!(null)) as PageLogin };
}

function contextOf() {
  const call = async (_component: string, operation: string) => {
    if (operation === SUMMARY_OPERATION) return [];
    if (operation === RULE_OPERATIONS.explain) throw new Error('that is no address and no network');
    throw new Error('nobody knows the configuration');
  };
  /** Nothing happens, for as long as somebody waits for it. */
  const newestEvents: BridgeView['newestEvents'] = async function* (_most, signal) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  };
  return { ...exporterContext({ id: 'status_page' }), bridge: { ...emptyBridge, call, newestEvents } };
}

const form = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
  ({ method: 'POST', redirect: 'manual', headers, body: new URLSearchParams(fields) }) as const;

test('says where it is, and lets in whoever was given a code by the command line', async () => {
  const { context, login } = await start();
  const { url, code, goodFor } = await login();
  expect(context.logged).toEqual([`info A page to look at is at ${url}`]);
  const open = await fetch(url);
  expect([goodFor, open.status]).toEqual([300_000, 200]);
  expect(await open.text()).not.toContain('id="explain-form"');
  const entered = await fetch(`${url}login`, form({ secret: code }));
  const cookie = entered.headers.getSetCookie()[0]!.split(';')[0]!;
  const page = await (await fetch(url, { headers: { cookie } })).text();
  expect(page).toContain('id="explain-form"');
  expect(page).not.toContain('id="configuration"');
  const answer = await (await fetch(`${url}explain`, form({ network: '<b>' }, { cookie }))).text();
  expect(answer).toContain('“&lt;b&gt;”: that is no address and no network');
});

test('counts what the emitter tells, and goes on after a reload', async () => {
  const { page, context } = await start();
  expect(context.events.listenerCount('committed')).toBe(1);
  await page.shutdown(noDeadline);
  expect(context.events.listenerCount('committed')).toBe(0);
  const again = await start({ token: '0123456789abcdef' }, context);
  expect(context.events.listenerCount('committed')).toBe(1);
  expect(again.page).not.toBe(page);
});

test('an end does not wait for whoever follows events', async () => {
  const { page, login } = await start({ token: '0123456789abcdef' });
  const { url } = await login();
  const following = await fetch(`${url}events`, { headers: { authorization: 'Bearer 0123456789abcdef' } });
  expect(following.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(following.headers.get('content-security-policy')).toContain("default-src 'none'");
  await page.shutdown(noDeadline);
  expect(await following.text()).toBe('retry: 2000\n\n');
});

test('no code before it runs, and a word of warning where others reach it', async () => {
  const page = new StatusPage(contextOf(), configSchema.parse({}));
  await expect(page.operations[LOGIN_OPERATION]!(null)).rejects.toThrow('while the bridge runs only');
  await page.shutdown(noDeadline);
  const { context } = await start({ endpoint: '0.0.0.0:0' });
  expect(context.logged[1]).toMatch(/^warn Whoever reaches 0\.0\.0\.0:\d+ sees how the bridge does, though no address/);
});

test('options that are wrong are told', () => {
  const messages = (options: object) => configSchema.safeParse(options).error?.issues.map(({ message }) => message);
  expect(messages({ token: 'short' })).toEqual([
    'a token that cannot be guessed has at least 16 characters: couic-otel-bridge token makes one',
  ]);
  expect(messages({ token: 'with a space in it, and more' })).toEqual([
    'a token has printable characters of ASCII only, and no space: it is sent in a header',
  ]);
  expect(messages({ allowed_hosts: ['https://bridge.example'] })).toEqual([
    'expected the name of a host, without scheme and port, as in bridge.example',
  ]);
  expect(messages({ addresses: 'hmac' })![0]).toContain('needs hmac_key_file');
  expect(configSchema.parse({ token: '', allowed_hosts: ['Bridge.Example'] })).toMatchObject({
    endpoint: { host: '127.0.0.1', port: 13134 },
    token: '',
    allowed_hosts: ['bridge.example'],
  });
});
