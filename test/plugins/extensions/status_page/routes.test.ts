import { afterEach, beforeEach, expect, test } from 'vitest';
import { Access } from '../../../../plugins/extensions/status_page/access.ts';
import { Assets } from '../../../../plugins/extensions/status_page/assets.ts';
import { Live } from '../../../../plugins/extensions/status_page/live.ts';
import { pageRoutes, type Shown } from '../../../../plugins/extensions/status_page/routes.ts';
import { createRouter } from '../../../../src/http/router.ts';
import { emptyBridge } from '../../../support/exporter-context.ts';

const TOKEN = '0123456789abcdef';
const HOST = 'localhost:13134';
const BUILT = new URL('../../../../dist/src/browser/', import.meta.url);

let shown: Shown[];
let errors: unknown[];
let app: ReturnType<typeof createRouter>;
beforeEach(() => {
  shown = [];
  errors = [];
  app = routerWith();
});
afterEach(() => {
  expect(errors).toEqual([]);
});

function routerWith({ isSecure = false } = {}) {
  return createRouter(
    pageRoutes({
      access: new Access(TOKEN, { monotonic: () => 0 }),
      assets: new Assets(BUILT),
      live: new Live(emptyBridge, (error) => errors.push(error)),
      hosts: new Set(['bridge.example']),
      isSecure,
      render: async (given) => {
        shown.push(given);
        return '<!doctype html>';
      },
      redaction: () => (event) => event,
      onError: (error) => errors.push(error),
    }),
  );
}

const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'GET', url, headers: { host: HOST, ...headers } });

const post = (url: string, body: Record<string, string>, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url,
    headers: { host: HOST, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(body).toString(),
  });

async function cookieOf(secret = TOKEN): Promise<string> {
  const { headers } = await post('/login', { secret });
  return String(headers['set-cookie']).split(';')[0]!;
}

test('every answer forbids what is inline, from elsewhere, and in a frame', async () => {
  for (const answer of [await get('/'), await get('/page.css'), await get('/nothing'), await post('/login', {})]) {
    expect(answer.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
  }
});

test('a name that is not ours is not answered, whatever is asked', async () => {
  for (const url of ['/', '/page.js', '/events', '/nothing']) {
    expect((await get(url, { host: 'evil.example' })).statusCode).toBe(421);
  }
  expect((await post('/login', { secret: TOKEN }, { host: 'evil.example' })).statusCode).toBe(421);
  expect((await get('/', { host: 'bridge.example' })).statusCode).toBe(200);
});

test('who has not logged in sees the page without what is for its owner', async () => {
  await get('/');
  expect(shown).toEqual([{ isOwner: false }]);
  for (const answer of [await get('/events'), await post('/explain', { network: '192.0.2.1' })]) {
    expect([answer.statusCode, answer.body]).toEqual([403, 'Log in first\n']);
  }
  expect(shown.length).toBe(1);
});

test('the token logs in by a form, with a cookie that no script and no other site gets', async () => {
  const answer = await post('/login', { secret: TOKEN }, { origin: `http://${HOST}` });
  expect([answer.statusCode, answer.headers.location]).toEqual([303, '/']);
  expect(answer.headers['set-cookie']).toMatch(/^couic_bridge_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  const cookie = await cookieOf();
  await get('/', { cookie: `other=1; ${cookie}` });
  await get('/', { authorization: `Bearer ${TOKEN}` });
  await post('/explain', { network: ' 192.0.2.1 ' }, { cookie });
  expect(shown).toEqual([{ isOwner: true }, { isOwner: true }, { isOwner: true, network: '192.0.2.1' }]);
  await post('/logout', {}, { cookie });
  await get('/', { cookie });
  expect(shown.at(-1)).toEqual({ isOwner: false });
});

test('over TLS the cookie does not leave it', async () => {
  app = routerWith({ isSecure: true });
  expect((await post('/login', { secret: TOKEN })).headers['set-cookie']).toMatch(/; Secure$/);
});

test('a wrong token is told, and too many are held up', async () => {
  for (let tries = 0; tries < 10; tries++) {
    expect((await post('/login', { secret: 'wrong' })).statusCode).toBe(403);
  }
  const answer = await post('/login', { secret: TOKEN });
  expect([answer.statusCode, answer.headers['retry-after'], answer.headers['set-cookie']]).toEqual([
    429,
    '60',
    undefined,
  ]);
  expect(shown.at(-1)).toMatchObject({ isOwner: false, problem: expect.stringContaining('Too many wrong tokens') });
});

test('a form of another site is refused, and so is one that is too long', async () => {
  for (const origin of ['https://evil.example', 'null']) {
    expect((await post('/login', { secret: TOKEN }, { origin })).statusCode).toBe(403);
    expect((await post('/logout', {}, { origin, cookie: await cookieOf() })).statusCode).toBe(403);
  }
  expect((await post('/login', { secret: 'x'.repeat(5000) })).statusCode).toBe(413);
  expect(shown).toEqual([]);
});

test('its files are its own, and are there', async () => {
  expect((await get('/page.css')).headers['content-type']).toBe('text/css; charset=utf-8');
  expect((await get('/icon.svg')).headers['content-type']).toBe('image/svg+xml');
  const script = await get('/page.js');
  expect([script.statusCode, script.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
  expect(script.body).toContain('EventSource');
});

test('other paths and methods are told', async () => {
  expect((await get('/nothing')).statusCode).toBe(404);
  expect((await post('/', {})).statusCode).toBe(405);
  const back = await get('/explain');
  expect([back.statusCode, back.headers.location]).toEqual([303, '/#explain']);
});

test('an answer that cannot be made is a 500 that says nothing', async () => {
  app = createRouter(
    pageRoutes({
      access: new Access(TOKEN, { monotonic: () => 0 }),
      assets: new Assets(BUILT),
      live: new Live(emptyBridge, () => {}),
      hosts: new Set(),
      isSecure: false,
      render: () => Promise.reject(new Error('secret')),
      redaction: () => (event) => event,
      onError: (error) => errors.push(error),
    }),
  );
  const answer = await get('/');
  expect([answer.statusCode, answer.body]).toEqual([500, 'Failed; the log says why\n']);
  expect(errors.splice(0)).toEqual([new Error('secret')]);
});
