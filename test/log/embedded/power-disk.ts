import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Disk, type DiskFile, type OpenMode, systemDisk } from '../../../src/log/embedded/disk.ts';

const SECTOR = 512;

/** A change to a file's content: bytes at a position, or a length. */
type Change = { readonly at: number; readonly bytes: Buffer } | { readonly length: number };

class Inode {
  durable: Buffer;
  /** What no sync has covered yet. */
  pending: Change[] = [];

  constructor(durable = Buffer.alloc(0)) {
    this.durable = durable;
  }

  sync(changes: readonly Change[]): void {
    for (const change of changes) this.durable = changed(this.durable, change);
    this.pending = this.pending.filter((change) => !changes.includes(change));
  }

  /** With some of what was not synced, sector by sector. */
  afterPowerCut(random: () => number): Buffer {
    let content = this.durable;
    for (const change of this.pending) {
      if ('length' in change) {
        if (random() < 0.5) content = changed(content, change);
        continue;
      }
      const { at, bytes } = change;
      const upTo = random() < 0.3 ? bytes.length * random() : bytes.length;
      for (let from = 0; from < upTo; from += SECTOR - ((at + from) % SECTOR)) {
        const to = Math.min(upTo, from + SECTOR - ((at + from) % SECTOR));
        if (random() < 0.6) content = changed(content, { at: at + from, bytes: bytes.subarray(from, to) });
      }
    }
    return content;
  }
}

function changed(content: Buffer, change: Change): Buffer {
  const length = 'length' in change ? change.length : Math.max(content.length, change.at + change.bytes.length);
  const result = Buffer.alloc(length);
  content.copy(result);
  if (!('length' in change)) change.bytes.copy(result, change.at);
  return result;
}

/**
 * Does what a disk does, and knows what of it a power cut would leave: of a file, what was synced and any sectors of the
 * rest; of a directory, what was synced and the first of the changes since.
 */
export class PowerDisk implements Disk {
  readonly #onStep: (step: string) => void;
  readonly #inodes = new Map<string, Inode>();
  #durable: Map<string, Inode>;
  /** Changes of the directory since its last sync. */
  #changes: ((names: Map<string, Inode>) => void)[] = [];

  constructor(directory: string, onStep: (step: string) => void) {
    this.#onStep = onStep;
    try {
      for (const name of readdirSync(directory))
        if (name !== 'lock') this.#inodes.set(name, new Inode(readFileSync(join(directory, name))));
    } catch {}
    this.#durable = new Map(this.#inodes);
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    const name = basename(path);
    const file = await systemDisk.open(path, mode);
    if (name === 'lock') return file;
    if (mode === 'new' || !this.#inodes.has(name)) {
      const fresh = new Inode();
      this.#change((names) => names.set(name, fresh));
    }
    return this.#file(file, this.#inodes.get(name)!, mode === 'synced');
  }

  async rename(from: string, to: string): Promise<void> {
    this.#onStep('disk-rename');
    const inode = this.#inodes.get(basename(from))!;
    await systemDisk.rename(from, to);
    this.#change((names) => {
      names.delete(basename(from));
      names.set(basename(to), inode);
    });
  }

  async remove(path: string): Promise<void> {
    this.#onStep('disk-remove');
    await systemDisk.remove(path);
    this.#change((names) => names.delete(basename(path)));
  }

  async syncDirectory(path: string): Promise<void> {
    this.#onStep('disk-directory');
    const changes = [...this.#changes];
    await systemDisk.syncDirectory(path);
    for (const change of changes) change(this.#durable);
    this.#changes = this.#changes.filter((change) => !changes.includes(change));
  }

  /** What is there when the power comes back. */
  leave(directory: string, random: () => number): void {
    const names = new Map(this.#durable);
    for (const change of this.#changes.slice(0, Math.floor(random() * (this.#changes.length + 1)))) change(names);
    mkdirSync(directory, { recursive: true });
    for (const [name, inode] of names) writeFileSync(join(directory, name), inode.afterPowerCut(random));
  }

  #change(change: (names: Map<string, Inode>) => void): void {
    change(this.#inodes);
    this.#changes.push(change);
  }

  #file(file: DiskFile, inode: Inode, isSynced: boolean): DiskFile {
    return {
      fd: file.fd,
      isAt: (path) => file.isAt(path),
      close: () => file.close(),
      write: async (bytes, position) => {
        const change = { at: position, bytes: Buffer.from(bytes) };
        inode.pending.push(change);
        this.#onStep('disk-write');
        await file.write(bytes, position);
        if (isSynced) inode.sync([change]);
      },
      sync: async () => {
        this.#onStep('disk-sync');
        const changes = [...inode.pending];
        await file.sync();
        inode.sync(changes);
      },
      truncate: async (length) => {
        inode.pending.push({ length });
        await file.truncate(length);
      },
    };
  }
}

export const DISK_STEPS = ['disk-rename', 'disk-remove', 'disk-directory', 'disk-write', 'disk-sync'];

/** A directory beside another one. */
export function beside(directory: string): string {
  return mkdtempSync(join(dirname(directory), 'life-'));
}
