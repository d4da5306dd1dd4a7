import { existsSync } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../../telemetry/finding.ts';
import { isBeforeAnyLog } from './layout.ts';

const MIB = 1024 * 1024;
/** Less than this and a busy hour may fill it. */
const LITTLE = 256 * MIB;

/** What `couic-otel-bridge doctor` says of the disk. @param ask - about the file system that holds a directory. */
export async function examineDirectory(
  directory: string,
  ask: (directory: string) => Promise<{ bavail: number; bsize: number }> = statfs,
): Promise<Finding[]> {
  if (!existsSync(directory)) return [{ level: 'ok', message: `${directory} is created at the first start` }];
  const { bavail, bsize } = await ask(directory);
  const free = bavail * bsize;
  const names = await readdir(directory);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).blocks * 512));
  const used = sizes.reduce((sum, size) => sum + size, 0);
  const holds = names.every(isBeforeAnyLog) ? 'holds no state yet' : `holds ${mib(used)}`;
  const message = `${directory} ${holds}, ${mib(free)} are free`;
  if (free >= LITTLE) return [{ level: 'ok', message }];
  const advice = 'make room: when the disk is full, Couic is told to keep its reports';
  return [{ level: 'warning', message, advice }];
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
