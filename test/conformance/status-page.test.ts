import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BridgeProcess } from './tools/bridge-process.ts';
import { inaccessible, launchChromium, REBOUND, watchedPage } from './tools/browser.ts';
import { describeWith } from './tools/describe-with.ts';

const TOKEN = 'a-token-of-this-test-0123456789';
/** What whoever has a token may have a report say. */
const HOSTILE_TAG = `<img src=x onerror=alert(1)>`;
const HOSTILE_DETAIL = `</td><script>alert(2)</script><a href="javascript:alert(3)">x</a>\u202Etxt.exe`;

const CONFIG = {
  receivers: { couic: { endpoint: '127.0.0.1:0', instances: [{ name: 'edge' }] } },
  exporters: {
    prometheus: { endpoint: '127.0.0.1:0' },
    crowdsec: { dry_run: true, interval: '2s' },
    file: { path: 'DIRECTORY.json' },
  },
  extensions: { file_storage: { directory: 'DIRECTORY' }, status_page: { endpoint: '127.0.0.1:0', token: TOKEN } },
  service: {
    extensions: ['file_storage', 'status_page'],
    pipelines: {
      metrics: { receivers: ['couic'], exporters: ['prometheus', 'crowdsec'] },
      logs: { receivers: ['couic'], exporters: ['file'] },
    },
    telemetry: { logs: { encoding: 'json' } },
  },
};

const LOOKS: readonly [name: string, options: BrowserContextOptions][] = [
  ['dark', { colorScheme: 'dark' }],
  ['light', { colorScheme: 'light' }],
  ['on a phone', { colorScheme: 'dark', viewport: { width: 360, height: 740 } }],
  ['enlarged four times', { colorScheme: 'light', viewport: { width: 320, height: 256 } }],
];

describeWith(['chromium'], 'The status page in Chromium', ({ chromium }) => {
  let browser: Browser;
  let bridge: BridgeProcess;
  let origin: string;
  beforeAll(async () => {
    browser = await launchChromium(chromium);
    bridge = await BridgeProcess.start(CONFIG);
    origin = /A page to look at is at (http:\/\/[^/]+)\//.exec(bridge.log)![1]!;
  });
  afterAll(async () => {
    await browser?.close();
    await bridge?.stop();
  });

  const open = async (options: BrowserContextOptions = {}) => {
    const watched = await watchedPage(browser, origin, options);
    await watched.page.goto(`${origin}/`);
    return watched;
  };
  const loggedIn = async (options: BrowserContextOptions = {}) => {
    const watched = await open(options);
    await logIn(watched.page);
    return watched;
  };
  const report = async (
    cidr: string,
    { tag = 'scanner', detail = 'Repeated connection attempts', isValid = true } = {},
  ) => {
    const entry = { creation: Math.floor(Date.now() / 1000), cidr, tag, expiration: 0 };
    const metadata = { kind: 'automated', detail, extra: null };
    const body = JSON.stringify([{ action: 'add', policy: 'drop', entry, metadata }]);
    const answer = await fetch(bridge.webhook, { method: 'POST', body });
    expect(await answer.json()).toMatchObject(isValid ? { accepted: 1 } : { quarantined: 1 });
  };

  describe('before anything has come', () => {
    test.each(LOOKS)('%s it says what to do, and everybody can read it', async (_name, options) => {
      const { page, complaints } = await open(options);
      expect(await page.title()).toBe('Waits for Couic – couic-otel-bridge');
      expect(await page.locator('#next pre').allTextContents()).toEqual([
        `[reporting]\nenabled = true\nwebhook = "${bridge.webhook}"`,
        'sudo cscli bouncers add couic-otel-bridge',
      ]);
      expect(await inaccessible(page)).toEqual([]);
      expect(await sidewaysScroll(page)).toBe(0);
      expect(complaints).toEqual([]);
      await page.context().close();
    });
  });

  test('the keyboard alone logs in, explains and logs out', async () => {
    await report('192.0.2.7/32');
    const { page, complaints } = await open();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('To the content');
    await tabTo(page, 'secret');
    await page.keyboard.type(TOKEN);
    await page.keyboard.press('Enter');
    await page.locator('#events').waitFor();
    await tabTo(page, 'network');
    await page.keyboard.type('192.0.2.7');
    await page.keyboard.press('Enter');
    await page.getByText('edge: blocked, by the drop rule for 192.0.2.7/32').waitFor();
    // In place: what came before is still there.
    expect(page.url()).toBe(`${origin}/`);
    await page.keyboard.press('Shift+Tab');
    await tabTo(page, 'configuration-text', { back: false });
    await page.keyboard.press('Enter');
    expect(await page.locator('#configuration-text pre').textContent()).toContain('token: "[redacted]"');
    await page.getByRole('button', { name: 'Log out' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('#login').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test.each(LOOKS)('%s what is for the owner can be read by everybody, too', async (_name, options) => {
    const { page, complaints } = await loggedIn(options);
    await page.fill('#network', '192.0.2.0/24');
    await page.click('#explain-form button');
    await page.getByText('Inside of it:').waitFor();
    await page.click('#configuration-text summary');
    await page.locator('section[id^="panel-"] details').first().waitFor();
    await page.locator('section[id^="panel-"] summary').first().click();
    expect(await inaccessible(page)).toEqual([]);
    expect(await sidewaysScroll(page)).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('what hostile reports say stays text', async () => {
    // Such a tag is not valid: the report is put aside, and told of with its text.
    await report('192.0.2.65/32', { tag: HOSTILE_TAG, isValid: false });
    await report('192.0.2.66/32', { detail: HOSTILE_DETAIL });
    const { page, complaints } = await loggedIn();
    const row = page.locator('#event-rows tr', { hasText: '192.0.2.66/32' });
    await row.waitFor();
    expect(await row.locator('td').allTextContents()).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d$/),
      'edge',
      'added',
      '192.0.2.66/32',
      'scanner',
      'never',
      `automated: ${HOSTILE_DETAIL.replace('\u202E', '\\u202e')}`,
    ]);
    const invalid = page.locator('#event-rows tr', { hasText: HOSTILE_TAG });
    expect(await invalid.locator('td').nth(2).textContent()).toBe('not valid');
    await page.fill('#network', HOSTILE_TAG);
    await page.click('#explain-form button');
    await page.getByText(`“${HOSTILE_TAG}”: that is no address`).waitFor();
    expect(await page.locator('main img, main script, main a[href^="javascript"]').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('events and numbers come while somebody looks, and what is in use is left alone', async () => {
    const { page, complaints } = await loggedIn();
    await page.locator('#event-rows tr').first().waitFor();
    await page.locator('section[id^="panel-"] summary').first().click();
    await report('192.0.2.77/32', { tag: 'fresh' });
    await page.locator('#event-rows tr', { hasText: '192.0.2.77/32' }).waitFor();
    await page.locator('#tags th', { hasText: 'fresh' }).first().waitFor({ timeout: 15_000 });
    expect(await page.locator('section[id^="panel-"] details[open]').count()).toBe(1);
    await page.getByRole('button', { name: 'Pause' }).click();
    await report('192.0.2.78/32');
    await delay(1000);
    expect(await page.locator('#event-rows tr', { hasText: '192.0.2.78/32' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('#event-rows tr', { hasText: '192.0.2.78/32' }).waitFor();
    expect(await page.locator('#event-rows tr', { hasText: '192.0.2.77/32' }).count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('without its script the page logs in and explains as well', async () => {
    const { page, complaints } = await open({ javaScriptEnabled: false });
    await page.fill('#secret', TOKEN);
    await page.click('#login button.primary');
    await page.fill('#network', '192.0.2.7');
    await page.click('#explain-form button');
    await page.getByText('edge: blocked, by the drop rule for 192.0.2.7/32').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('no address is shown to whoever has not logged in, and a wrong token is told', async () => {
    const { page } = await open();
    expect(await page.content()).not.toMatch(/192\.0\.2\./);
    await page.fill('#secret', 'wrong');
    await page.click('#login button.primary');
    expect(await page.locator('#login-problem').textContent()).toContain('neither the token nor a code');
    expect(await focused(page)).toBe('secret');
    expect(await inaccessible(page)).toEqual([]);
    await page.context().close();
  });

  test('a page of another site can neither read it by a name of its own, nor frame it, nor send its forms', async () => {
    const port = new URL(origin).port;
    const context = await browser.newContext();
    const page = await context.newPage();
    const answer = await page.goto(`http://${REBOUND}:${port}/`);
    expect([answer!.status(), await page.content()]).toEqual([421, expect.not.stringContaining('Couic')]);
    const login = await page.goto(`${origin}/`);
    expect(login!.status()).toBe(200);
    await page.route('http://other.example/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<iframe src="${origin}/"></iframe><form method="post" action="${origin}/login"><input name="secret" value="${TOKEN}"><button>x</button></form>`,
      }),
    );
    await page.goto('http://other.example/');
    expect(await page.frames()[1]!.content()).not.toContain('couic-otel-bridge');
    const [refused] = await Promise.all([page.waitForResponse(`${origin}/login`), page.click('button')]);
    expect(refused.status()).toBe(403);
    expect(await context.cookies()).toEqual([]);
    await context.close();
  });

  async function logIn(page: Page): Promise<void> {
    await page.fill('#secret', TOKEN);
    await page.click('#login button.primary');
    await page.locator('#events').waitFor();
  }
});

/** Pixels by which the page is wider than its window. */
function sidewaysScroll(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** The id of what has the focus, or its text. */
function focused(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement.id || document.activeElement.textContent');
}

/** Goes on by the Tab key until something of this id, or in it, has the focus. */
async function tabTo(page: Page, id: string, { back = false } = {}): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
    const isThere = `document.getElementById(${JSON.stringify(id)})?.contains(document.activeElement)`;
    if (await page.evaluate<boolean>(isThere)) return;
  }
  throw new Error(`the Tab key does not lead to ${id}`);
}
