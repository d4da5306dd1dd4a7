import { readFile } from 'node:fs/promises';
import { STYLES } from './styles.ts';

interface Asset {
  readonly type: string;
  readonly body: string;
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M16 2 28 7v8c0 8-5 13-12 15C9 28 4 23 4 15V7z" fill="#0f766e"/><path d="M9 19h3l2-8 4 12 2-6h3" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>';

/** What the page loads beside itself, all from here. Read when somebody asks for it first. */
export class Assets {
  readonly #directory: URL;
  #script: Promise<string> | undefined;

  /** @param directory - of the built script. */
  constructor(directory: URL) {
    this.#directory = directory;
  }

  async get(name: AssetName): Promise<Asset> {
    switch (name) {
      case 'page.css':
        return { type: 'text/css; charset=utf-8', body: STYLES };
      case 'icon.svg':
        return { type: 'image/svg+xml', body: ICON };
      case 'page.js':
        this.#script ??= readFile(new URL('page.js', this.#directory), 'utf8');
        return { type: 'text/javascript; charset=utf-8', body: await this.#script };
    }
  }
}

export const ASSETS = ['page.css', 'page.js', 'icon.svg'] as const;
type AssetName = (typeof ASSETS)[number];
