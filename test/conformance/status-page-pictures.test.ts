import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fastMotion } from './fleet/fast-motion.ts';
import { launchChromium } from './tools/browser.ts';
import { describeWith } from './tools/describe-with.ts';

const HOUR = 3600;
const [WIDTH, HEIGHT] = [1280, 1330];

describeWith(['chromium'], 'Picture of the status page', ({ chromium }) => {
  let browser: Browser;
  let directory: string;
  beforeAll(async () => {
    browser = await launchChromium(chromium);
    directory = await mkdtemp(join(tmpdir(), 'couic-pictures-'));
  });
  afterAll(async () => {
    await browser?.close();
    await rm(directory, { recursive: true, force: true });
  });

  test('a screenshot of the page itself, of three Couics after two hours', async ({ annotate }) => {
    const images = process.env.CONFORMANCE_PICTURES ?? directory;
    await mkdir(images, { recursive: true });
    const file = join(images, 'couic-status-page.png');
    // Always the same afternoon.
    const end = Date.parse('2026-01-15T17:45:00Z') / 1000;
    await fastMotion({
      start: end - 2 * HOUR,
      end,
      scrape: 30,
      async onPage(url, token) {
        const context = await browser.newContext({
          colorScheme: 'dark',
          viewport: { width: WIDTH, height: HEIGHT },
          extraHTTPHeaders: { authorization: `Bearer ${token}` },
        });
        const page = await context.newPage();
        await page.goto(url);
        await page.locator('#event-rows tr').nth(20).waitFor();
        // The colour in which new rows come is over by then.
        await page.waitForTimeout(2000);
        await page.screenshot({ path: file });
        await context.close();
      },
    });
    const png = await readFile(file);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([WIDTH, HEIGHT]);
    // A blank page is a few KB.
    expect(png.length).toBeGreaterThan(50_000);
    await annotate(`${Math.round(png.length / 1024)} KB`);
  });
});
