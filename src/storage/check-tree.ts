import { DataFileFault } from './data-file-fault.ts';
import { BIG, BRANCH, LEAF, type Meta, NODE_HEADER, OVERFLOW, PAGE_HEADER, type Tree, u64 } from './lmdb-format.ts';
import { type PageFile, PageOutOfFile } from './page-file.ts';

/** LMDB gives up on deeper trees. */
const MAX_DEPTH = 32;
/** Bytes of a leaf node that refer to a value on pages of its own: page, transaction, number of pages. */
const BIG_REFERENCE = 24;

export interface TreeCheckOptions {
  /** For messages. */
  readonly name: string;
  readonly tree: Tree;
  readonly meta: Meta;
  readonly file: PageFile;
  /** Keys are byte strings, or 64-bit numbers. */
  readonly keys: 'bytes' | 'numbers';
  /** Called for every run of pages before it is read; throws when they cannot be part of the tree. */
  claim(page: number, count: number): void;
  /** Called with every value, when given. */
  visit?(value: Buffer): void;
}

interface Key {
  readonly page: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Walks one B+ tree of a data file. @throws DataFileFault, PageOutOfFile */
export class TreeCheck {
  readonly #options: TreeCheckOptions;
  readonly #compare: (a: Key, b: Key) => number;
  #branchPages = 0;
  #leafPages = 0;
  #overflowPages = 0;
  #entries = 0;

  constructor(options: TreeCheckOptions) {
    this.#options = options;
    this.#compare = options.keys === 'bytes' ? compareBytes : compareNumbers;
  }

  run(): void {
    const { tree, name } = this.#options;
    if (tree.depth > MAX_DEPTH) throw new DataFileFault(`the tree of ${name} has ${tree.depth} levels`);
    if (tree.root !== undefined) this.#walk(tree.root, 1, undefined, undefined);
    const counted =
      this.#branchPages === tree.branchPages &&
      this.#leafPages === tree.leafPages &&
      this.#overflowPages === tree.overflowPages &&
      this.#entries === tree.entries;
    if (!counted)
      throw new DataFileFault(
        `the tree of ${name} has ${this.#entries} entries where its header counts ${tree.entries}, or other pages`,
      );
  }

  /** @param low - no key below it may be here. @param high - nor one from it on. */
  #walk(number: number, level: number, low: Key | undefined, high: Key | undefined): void {
    const { tree, meta, file, claim } = this.#options;
    claim(number, 1);
    const page = file.page(number, meta.pageSize);
    const isLeaf = level === tree.depth;
    this.#checkHeader(page, number, isLeaf ? LEAF : BRANCH);
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    const room = meta.pageSize - PAGE_HEADER;
    if (lower % 2 !== 0 || lower === 0 || lower > upper || upper > room)
      throw new DataFileFault(`page ${number} has impossible bounds`);

    const count = lower / 2;
    let bytes = 0;
    let previous: Key | undefined;
    let child: number | undefined;
    for (let index = 0; index < count; index++) {
      const at = page.readUInt16LE(PAGE_HEADER + index * 2) + PAGE_HEADER;
      if (at < upper + PAGE_HEADER || at % 2 !== 0 || at + NODE_HEADER > page.length)
        throw new DataFileFault(`entry ${index} of page ${number} lies outside of it`);
      const start = at + NODE_HEADER;
      const key = { page, start, end: start + page.readUInt16LE(at + 6) };
      const size = key.end - at + (isLeaf ? this.#valueBytes(page, at) : 0);
      if (at + size > page.length) throw new DataFileFault(`entry ${index} of page ${number} reaches beyond it`);
      bytes += size + (size % 2);
      // The first key of a branch page stands for everything below the second, whatever it is.
      const isBound = isLeaf || index > 0;
      if (isBound) {
        this.#checkOrder(number, previous ?? low, key, high, previous !== undefined);
        if (child !== undefined) this.#walk(child, level + 1, previous ?? low, key);
        previous = key;
      }
      if (isLeaf) this.#checkValue(page, at, key.end);
      else child = childOf(page, at);
    }
    if (child !== undefined) this.#walk(child, level + 1, previous ?? low, high);
    if (bytes !== room - upper)
      throw new DataFileFault(`the entries of page ${number} do not fill the space they claim`);
    if (isLeaf) {
      this.#leafPages++;
      this.#entries += count;
    } else this.#branchPages++;
  }

  #checkHeader(page: Buffer, number: number, kind: number): void {
    if (u64(page, 0) !== number || page.readUInt16LE(18) !== kind || u64(page, 8) > this.#options.meta.transaction)
      throw new DataFileFault(`page ${number} is not what its place in the tree of ${this.#options.name} says`);
  }

  #checkOrder(number: number, before: Key | undefined, key: Key, high: Key | undefined, strictly: boolean): void {
    if (this.#options.keys === 'numbers' && key.end - key.start !== 8)
      throw new DataFileFault(`a key of page ${number} is no number`);
    const order = before ? this.#compare(before, key) : -1;
    if (order > 0 || (strictly && order === 0) || (high && this.#compare(key, high) >= 0))
      throw new DataFileFault(`the keys of page ${number} are out of order`);
  }

  /** Bytes that the value of a leaf entry takes on the page itself. */
  #valueBytes(page: Buffer, at: number): number {
    const flags = page.readUInt16LE(at + 4);
    if (flags !== 0 && flags !== BIG)
      throw new DataFileFault(`an entry of the tree of ${this.#options.name} is of an unknown kind (${flags})`);
    return flags === BIG ? BIG_REFERENCE : page.readUInt32LE(at);
  }

  #checkValue(page: Buffer, at: number, value: number): void {
    const { file, meta, claim, visit } = this.#options;
    const bytes = page.readUInt32LE(at);
    if (page.readUInt16LE(at + 4) !== BIG) {
      visit?.(page.subarray(value, value + bytes));
      return;
    }
    const first = u64(page, value);
    const pages = u64(page, value + 16);
    if (pages < Math.ceil((PAGE_HEADER + bytes) / meta.pageSize))
      throw new DataFileFault(`the value on page ${first} is larger than its ${pages} pages`);
    claim(first, pages);
    if ((first + pages) * meta.pageSize > file.size) throw new PageOutOfFile(first + pages - 1);
    const head = file.page(first, meta.pageSize);
    this.#checkHeader(head, first, OVERFLOW);
    if (head.readUInt32LE(20) !== pages)
      throw new DataFileFault(
        `the value on page ${first} has ${head.readUInt32LE(20)} pages where ${pages} are referred to`,
      );
    this.#overflowPages += pages;
    visit?.(file.read(first * meta.pageSize + PAGE_HEADER, bytes));
  }
}

function childOf(page: Buffer, at: number): number {
  return page.readUInt32LE(at) + page.readUInt16LE(at + 4) * 0x1_0000_0000;
}

function compareBytes(a: Key, b: Key): number {
  return a.page.compare(b.page, b.start, b.end, a.start, a.end);
}

function compareNumbers(a: Key, b: Key): number {
  return u64(a.page, a.start) - u64(b.page, b.start);
}
