import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileOutbox } from '../../../../plugins/exporters/crowdsec/file-outbox.ts';
import type { Entry, Fold } from '../../../../src/log/log.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-outbox-'));
  path = join(directory, 'outbox');
});
afterEach(() => rm(directory, { recursive: true }));

/** A fold that keeps the texts it was given; `keep` of them in its snapshot. */
class Texts implements Fold {
  texts: string[] = [];
  readonly #keep: number;

  constructor(keep = Number.POSITIVE_INFINITY) {
    this.#keep = keep;
  }

  apply({ record }: Pick<Entry, 'record'>): void {
    this.texts.push(Buffer.from(record).toString());
    this.texts = this.texts.slice(-this.#keep);
  }

  snapshot(): Iterable<Uint8Array> {
    return this.texts.map((text) => Buffer.from(text));
  }

  restore(pieces: Iterable<Uint8Array>): void {
    for (const record of pieces) this.apply({ record });
  }
}

async function opened(keep?: number) {
  const fold = new Texts(keep);
  const outbox = fileOutbox(path);
  const topic = outbox.attach(fold);
  await outbox.open!();
  return {
    fold,
    close: () => outbox.close!(),
    append: (text: string) => topic.append(Buffer.from(text)),
  };
}

/** As a kill leaves it. */
async function killed(): Promise<void> {
  await cp(path, `${path}.copy`, { recursive: true, filter: (name) => !name.endsWith('/lock') });
}
async function restored(): Promise<void> {
  await rm(path, { recursive: true });
  await cp(`${path}.copy`, path, { recursive: true });
}

/** The file that the log goes on in. */
async function segment(): Promise<string> {
  const names = (await readdir(path)).filter((name) => name.endsWith('.log')).sort();
  return join(path, names.at(-1)!);
}

async function reopened(): Promise<string[]> {
  const { fold, close } = await opened();
  await close();
  return fold.texts;
}

it('gives back what was appended, in order, over restarts', async () => {
  const first = await opened();
  await Promise.all([first.append('a'), first.append('b'), first.append('c')]);
  expect(first.fold.texts).toEqual(['a', 'b', 'c']);
  await first.close();
  const second = await opened();
  await second.append('d');
  await second.close();
  expect(await reopened()).toEqual(['a', 'b', 'c', 'd']);
  expect(await readdir(directory)).toEqual(['outbox']);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

it('gives back what was appended after a kill', async () => {
  const first = await opened();
  await first.append('one');
  await killed();
  await first.close();
  await restored();
  expect(await reopened()).toEqual(['one']);
});

it('takes an append whole or not at all, wherever it was cut', async () => {
  const first = await opened();
  await first.append('one');
  await killed();
  const before = (await readFile(await segment())).length;
  await first.close();
  await restored();
  const bytes = await readFile(await segment());
  expect(bytes.length).toBe(before);
  // A frame that was begun: nobody was told that it is there.
  for (const length of [1, 7, 20]) {
    await restored();
    await writeFile(await segment(), Buffer.concat([bytes, bytes.subarray(0, length)]));
    expect(await reopened(), `${length} bytes more`).toEqual(['one']);
  }
});

it('refuses what is damaged, and what is something else', async () => {
  const first = await opened();
  await first.append('one');
  await first.append('two');
  await killed();
  await first.close();
  await restored();
  const bytes = await readFile(await segment());
  bytes[bytes.indexOf('one')] = 0x78;
  await writeFile(await segment(), bytes);
  await expect(opened()).rejects.toThrow(/is damaged: .*or move it away and lose the windows that waited/);
  await rm(path, { recursive: true });
  await mkdir(path);
  await writeFile(join(path, 'some.json'), '{"some":"json"}');
  await expect(opened()).rejects.toThrow(`${path} is not an outbox of this version: move it away`);
  // The file of an earlier version, or of anything else.
  await rm(path, { recursive: true });
  await writeFile(path, 'crowdsec usage-metrics outbox 1\n');
  await expect(opened()).rejects.toThrow(path);
});

it('stays short: a snapshot takes the place of a long log', async () => {
  const first = await opened(3);
  const text = 'x'.repeat(10_000);
  for (let i = 0; i < 250; i++) await first.append(`${i}${text}`);
  await first.close();
  const sizes = await Promise.all((await readdir(path)).map(async (name) => (await stat(join(path, name))).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(2.4 * 1024 * 1024);
  expect((await reopened()).slice(-3).map((each) => each.slice(0, 3))).toEqual(['247', '248', '249']);
});

it('is one exporter’s, of one process', async () => {
  const first = await opened();
  await expect(opened()).rejects.toThrow(
    `${path}: process ${process.pid} has this outbox; give each its own directory`,
  );
  await first.close();
  const other: ChildProcess = spawn('sleep', ['60']);
  await writeFile(join(path, 'lock'), `${other.pid}\n`);
  await expect(opened()).rejects.toThrow(`process ${other.pid} has this outbox`);
  other.kill();
  await once(other, 'exit');
  expect(await reopened()).toEqual([]);
});

it('takes over the lock of an earlier process that had its own number, as in a container', async () => {
  await mkdir(path);
  await writeFile(join(path, 'lock'), `${process.pid}\n`);
  expect(await reopened()).toEqual([]);
});
