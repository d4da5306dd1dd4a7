import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileOutbox } from '../../../../plugins/exporters/crowdsec/file-outbox.ts';
import type { Fold } from '../../../../src/storage/store.ts';

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

  apply(record: Uint8Array): void {
    this.texts.push(Buffer.from(record).toString());
    this.texts = this.texts.slice(-this.#keep);
  }

  snapshot(): Iterable<Uint8Array> {
    return this.texts.map((text) => Buffer.from(text));
  }

  restore(pieces: Iterable<Uint8Array>): void {
    for (const piece of pieces) this.apply(piece);
  }
}

async function opened(keep?: number) {
  const fold = new Texts(keep);
  const outbox = fileOutbox(path);
  const journal = outbox.attach(fold);
  await outbox.open!();
  return {
    fold,
    close: () => outbox.close!(),
    append: (...texts: string[]) => journal.append(texts.map((text) => Buffer.from(text))),
  };
}

async function reopened(): Promise<string[]> {
  const { fold, close } = await opened();
  await close();
  return fold.texts;
}

it('gives back what was appended, in order, over restarts', async () => {
  const first = await opened();
  await Promise.all([first.append('a', 'b'), first.append('c')]);
  expect(first.fold.texts).toEqual(['a', 'b', 'c']);
  await first.close();
  const second = await opened();
  await second.append('d');
  await second.close();
  expect(await reopened()).toEqual(['a', 'b', 'c', 'd']);
  expect(await readdir(directory)).toEqual(['outbox']);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('takes an append whole or not at all, wherever it was cut', async () => {
  const first = await opened();
  await first.append('one');
  const { size } = await stat(path);
  await first.append('two', 'three');
  const whole = (await stat(path)).size;
  await first.close();
  const bytes = await readFile(path);
  for (let length = size; length < whole; length++) {
    await writeFile(path, bytes.subarray(0, length));
    expect(await reopened()).toEqual(['one']);
  }
  await writeFile(path, bytes);
  expect(await reopened()).toEqual(['one', 'two', 'three']);
});

it('refuses a file that is damaged before its end, and one that is something else', async () => {
  const first = await opened();
  await first.append('one');
  await first.append('two');
  await first.close();
  const bytes = await readFile(path);
  bytes[bytes.indexOf('one')] = 0x78;
  await writeFile(path, bytes);
  await expect(opened()).rejects.toThrow(`${path} is damaged at byte 32: restore it, or move it away`);
  await writeFile(path, '{"some":"json"}');
  await expect(opened()).rejects.toThrow(`${path} is not an outbox of this version`);
  await truncate(path);
  await expect(opened()).rejects.toThrow('is not an outbox');
  expect(await readdir(directory)).toEqual(['outbox']);
});

it('stays short: the log is written anew once it is long', async () => {
  const first = await opened(3);
  const text = 'x'.repeat(10_000);
  for (let i = 0; i < 250; i++) await first.append(`${i}${text}`);
  expect((await stat(path)).size).toBeLessThan(1.2 * 1024 * 1024);
  await first.close();
  expect((await reopened()).slice(-3).map((each) => each.slice(0, 3))).toEqual(['247', '248', '249']);
});

it('is one exporter’s, of one process', async () => {
  const first = await opened();
  await expect(opened()).rejects.toThrow(`${path}.lock: process ${process.pid} has this outbox`);
  await first.close();
  const other: ChildProcess = spawn('sleep', ['60']);
  await writeFile(`${path}.lock`, `${other.pid}\n`);
  await expect(opened()).rejects.toThrow(`process ${other.pid} has this outbox; give each its own file`);
  other.kill();
  await once(other, 'exit');
  expect(await reopened()).toEqual([]);
});

it('takes over the lock of an earlier process that had its own number, as in a container', async () => {
  await writeFile(`${path}.lock`, `${process.pid}\n`);
  expect(await reopened()).toEqual([]);
});
