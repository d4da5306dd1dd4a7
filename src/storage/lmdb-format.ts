/**
 * LMDB's data format, version 2, as the `lmdb` package writes it on 64-bit little-endian machines: as much of it as is
 * needed to check a file before LMDB maps it into memory. LMDB has no checksums and trusts what it reads, so a damaged
 * page would end the process, or worse.
 * Source: dependencies/lmdb/libraries/liblmdb/mdb.c of the package: MDB_meta, MDB_page, MDB_node, MDB_ovpage.
 */

export const PAGE_HEADER = 24;
export const NODE_HEADER = 8;
/** Bytes of a meta page that mean something. */
export const META_BYTES = 160;

const MAGIC = 0xbeefc0de;
const VERSION = 2;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

export const LEAF = 0x02;
export const BRANCH = 0x01;
export const OVERFLOW = 0x04;
const META = 0x08;
/** Node flag: the value lies on pages of its own. */
export const BIG = 0x01;

/** Flags of the free pages' tree (MDB_INTEGERKEY), which also holds those of the environment (MDB_NOSUBDIR). */
const FREE_FLAGS = 0x4008;

/** One of the two trees of a file. */
export interface Tree {
  /** `undefined`: empty. */
  readonly root: number | undefined;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
}

/** The state that a meta page points to. */
export interface Meta {
  readonly pageSize: number;
  readonly transaction: number;
  /** Free pages, by the transaction that freed them. */
  readonly free: Tree;
  readonly main: Tree;
  /** Highest page in use or free. */
  readonly lastPage: number;
}

export type MetaVerdict = Meta | 'not LMDB' | 'another version' | 'damaged';

/** @param bytes - `META_BYTES` from the start of the page. @param page - 0 or 1. */
export function readMeta(bytes: Buffer, page: 0 | 1): MetaVerdict {
  if (bytes.length < META_BYTES) return 'damaged';
  if (bytes.readUInt32LE(24) !== MAGIC) return 'not LMDB';
  if (bytes.readUInt32LE(28) !== VERSION) return 'another version';
  const pageSize = bytes.readUInt32LE(48);
  const sound =
    u64(bytes, 0) === page &&
    bytes.readUInt16LE(18) === META &&
    pageSize >= 512 &&
    pageSize <= 0x8000 &&
    (pageSize & (pageSize - 1)) === 0 &&
    bytes.readUInt16LE(52) === FREE_FLAGS &&
    bytes.readUInt16LE(100) === 0;
  if (!sound) return 'damaged';
  return {
    pageSize,
    free: readTree(bytes, 48),
    main: readTree(bytes, 96),
    lastPage: u64(bytes, 144),
    transaction: u64(bytes, 152),
  };
}

function readTree(bytes: Buffer, at: number): Tree {
  return {
    depth: bytes.readUInt16LE(at + 6),
    branchPages: u64(bytes, at + 8),
    leafPages: u64(bytes, at + 16),
    overflowPages: u64(bytes, at + 24),
    entries: u64(bytes, at + 32),
    root: bytes.readBigUInt64LE(at + 40) === NO_PAGE ? undefined : u64(bytes, at + 40),
  };
}

/** Of the files that are made here; one that works on every machine, whatever the size of its pages of memory. */
const PAGE_SIZE = 4096;

/** A data file without rows, as LMDB makes it: two header pages. */
export function emptyDataFile(): Buffer {
  const bytes = Buffer.alloc(2 * PAGE_SIZE);
  for (const page of [0, 1]) {
    const at = page * PAGE_SIZE;
    bytes.writeUInt32LE(page, at);
    bytes.writeUInt16LE(META, at + 18);
    bytes.writeUInt32LE(MAGIC, at + 24);
    bytes.writeUInt32LE(VERSION, at + 28);
    bytes.writeUInt32LE(PAGE_SIZE, at + 48);
    bytes.writeUInt16LE(FREE_FLAGS, at + 52);
    bytes.writeBigUInt64LE(NO_PAGE, at + 88);
    bytes.writeBigUInt64LE(NO_PAGE, at + 136);
    bytes.writeUInt32LE(1, at + 144);
  }
  return bytes;
}

/** A 64-bit number; beyond 2^53 it is not exact, which is good enough to see that it is wrong. */
export function u64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000;
}
