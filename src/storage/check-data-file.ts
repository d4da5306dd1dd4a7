import { TreeCheck } from './check-tree.ts';
import { DataFileFault } from './data-file-fault.ts';
import { META_BYTES, type Meta, readMeta, u64 } from './lmdb-format.ts';
import { PageFile, PageOutOfFile } from './page-file.ts';

/** Pages at the end that a transaction may have taken and given back without writing them. */
const UNWRITTEN_PAGES = 1024;

/**
 * Checks that LMDB can open a file without running into what does not hold: that the newest state is whole, every page
 * of it is where it should be and well formed, keys are in order, and no page is used twice or is also free. It does
 * not look at values: the store's own checksums are for them.
 * @throws DataFileFault
 */
export function checkDataFile(path: string): void {
  const file = new PageFile(path);
  try {
    checkMetas(file);
    checkPages(file, newestMeta(file));
  } catch (error) {
    if (error instanceof PageOutOfFile)
      throw new DataFileFault(`it is cut short: it has ${file.size} bytes, and ${error.message}`);
    throw error;
  } finally {
    file.close();
  }
}

/** The state that LMDB goes on from. @throws DataFileFault */
export function newestMeta(file: PageFile): Meta {
  const [even, odd] = readMetas(file);
  return even.transaction > odd.transaction ? even : odd;
}

function readMetas(file: PageFile): [Meta, Meta] {
  const first = readMeta(file.read(0, META_BYTES), 0);
  if (first === 'not LMDB') throw new DataFileFault('it is not an LMDB file');
  if (first === 'another version') throw new DataFileFault('it is of another version of the LMDB format');
  if (first === 'damaged') throw new DataFileFault('its first header page is not well formed');
  const second = readMeta(file.read(first.pageSize, META_BYTES), 1);
  if (typeof second === 'string' || second.pageSize !== first.pageSize)
    throw new DataFileFault('its second header page is not well formed');
  return [first, second];
}

/**
 * LMDB goes on from the header page with the higher transaction, so a wrong number would silently bring an older state
 * back. Transactions take turns on the two pages, and each writes the root that its header page names.
 */
function checkMetas(file: PageFile): void {
  const metas = readMetas(file);
  const [even, odd] = metas.map(({ transaction }) => transaction) as [number, number];
  const isNew = even === 0 && odd === 0;
  if (!isNew && (even % 2 !== 0 || odd % 2 !== 1 || Math.abs(even - odd) !== 1))
    throw new DataFileFault(`its header pages are of transactions ${even} and ${odd}, which do not follow each other`);
  for (const { main, pageSize, transaction } of metas)
    if (transaction > 0 && (main.root === undefined || u64(file.page(main.root, pageSize), 8) !== transaction))
      throw new DataFileFault(`a header page says transaction ${transaction}, the root it names another one`);
}

function checkPages(file: PageFile, meta: Meta): void {
  const used = new Uint8Array(Math.ceil(file.size / meta.pageSize));
  if (meta.lastPage > used.length + UNWRITTEN_PAGES)
    throw new DataFileFault(`it is cut short: it has ${used.length} pages, and its header counts ${meta.lastPage + 1}`);
  const claim = (page: number, count: number): void => {
    if (page < 2 || page + count - 1 > meta.lastPage)
      throw new DataFileFault(`page ${page} is referred to, but does not exist`);
    if (page + count > used.length) throw new PageOutOfFile(page + count - 1);
    for (let at = page; at < page + count; at++) {
      if (used[at]) throw new DataFileFault(`page ${at} is used twice`);
      used[at] = 1;
    }
  };
  const free: Buffer[] = [];
  new TreeCheck({ name: 'records', tree: meta.main, meta, file, keys: 'bytes', claim }).run();
  new TreeCheck({
    name: 'free pages',
    tree: meta.free,
    meta,
    file,
    keys: 'numbers',
    claim,
    visit: (list) => free.push(list),
  }).run();
  for (const list of free)
    for (const page of pagesOf(list)) {
      if (page < 2 || page > meta.lastPage) throw new DataFileFault(`page ${page} is free, but does not exist`);
      if (used[page]) throw new DataFileFault(`page ${page} is in use and free`);
    }
}

/** LMDB's list of free pages: its length, then pages, where a negative number is the length of a run that the next one starts. */
function* pagesOf(list: Buffer): Generator<number> {
  const length = list.length < 8 ? -1 : u64(list, 0);
  if (length < 0 || (length + 1) * 8 > list.length)
    throw new DataFileFault('a list of free pages is longer than its value');
  for (let at = 1; at <= length; at++) {
    const entry = Number(list.readBigInt64LE(at * 8));
    if (entry > 0) yield entry;
    if (entry >= 0) continue;
    if (++at > length) throw new DataFileFault('a list of free pages ends within a run');
    const first = u64(list, at * 8);
    if (-entry > 0xffff_ffff || first === 0) throw new DataFileFault('a run of free pages is not well formed');
    for (let page = first; page < first - entry; page++) yield page;
  }
}
