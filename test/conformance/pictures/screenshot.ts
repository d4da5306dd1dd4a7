import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from '../tools/command.ts';

export interface Screenshot {
  readonly chromium: string;
  readonly html: string;
  readonly width: number;
  readonly height: number;
  /** Where the PNG goes. */
  readonly file: string;
}

/** A page's picture, by headless Chromium that talks to nobody. */
export async function screenshot({ chromium, html, width, height, file }: Screenshot): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'couic-picture-'));
  try {
    const page = join(directory, 'page.html');
    await writeFile(page, html);
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--hide-scrollbars',
      '--force-color-profile=srgb',
      `--user-data-dir=${join(directory, 'profile')}`,
      `--window-size=${width},${height}`,
      '--virtual-time-budget=5000',
      `--screenshot=${file}`,
    ];
    const { code, stderr } = await run(chromium, [...flags, pathToFileURL(page).href], { timeout: 120_000 });
    if (code !== 0) throw new Error(`chromium ended with ${code}: ${stderr.slice(-2000)}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
