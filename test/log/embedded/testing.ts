import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type Disk, type DiskFile, type OpenMode, systemDisk } from '../../../src/log/embedded/disk.ts';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import type { EmbeddedEngineOptions } from '../../../src/log/embedded/options.ts';
import { LogRunner, type LogRunnerOptions } from '../../../src/log/runner.ts';
import { Health } from '../../../src/telemetry/health.ts';
import type { LogUnderTest } from '../contract.ts';
import { beside, PowerDisk } from './power-disk.ts';

/** In memory where that is to be had: most tests are about what is written, not about how long a disk takes. */
const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(root, 'log-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const silent = pino({ enabled: false });

/** Those of the test that are not closed. */
const open = new Set<LogRunner>();

async function closeAll(): Promise<void> {
  for (const log of open) await log.close(AbortSignal.abort());
  open.clear();
}

export type TestLogOptions = Partial<EmbeddedEngineOptions & Omit<LogRunnerOptions, 'logger'>>;

/** A log of the test in a directory, closed after it. */
export function openLog(directory: string, options: TestLogOptions = {}): LogRunner {
  const common = { clock: { now: () => 1_700_000_000_000, monotonic: () => 0 }, logger: silent, ...options };
  const log = new LogRunner({ engine: new EmbeddedEngine({ directory, health: new Health(), ...common }), ...common });
  open.add(log);
  onTestFinished(closeAll);
  return log;
}

/** A write to a file of the system's disk. */
interface FileWrite {
  readonly file: DiskFile;
  readonly path: string;
  readonly mode: OpenMode;
  readonly data: Uint8Array;
  readonly position: number;
}

/** The system's disk, whose writes are the test's. */
export function diskThatWrites(write: (what: FileWrite) => Promise<void>): Disk {
  return {
    ...systemDisk,
    async open(path, mode) {
      const file = await systemDisk.open(path, mode);
      return {
        fd: file.fd,
        write: (data, position) => write({ file, path, mode, data, position }),
        isAt: (at) => file.isAt(at),
        sync: () => file.sync(),
        truncate: (length) => file.truncate(length),
        close: () => file.close(),
      };
    },
  };
}

/** What the system says on a full one. */
export function noSpace(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
}

/** As a kill leaves it. */
export function copyDirectory(from: string): string {
  const copy = beside(from);
  for (const name of readdirSync(from)) {
    if (name === 'lock') continue;
    try {
      copyFileSync(join(from, name), join(copy, name));
    } catch (error) {
      // Renamed or removed meanwhile: the copy is of a moment ago.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return copy;
}

/** A directory as the contract sees it. */
export function logIn(directory: string): LogUnderTest {
  let disk: PowerDisk | undefined;
  return {
    isShared: false,
    engine(onStep) {
      if (onStep) disk = new PowerDisk(directory, onStep);
      return new EmbeddedEngine({
        directory,
        clock: { now: () => Date.now(), monotonic: () => performance.now() },
        health: new Health(),
        logger: silent,
        ...(onStep && disk ? { disk, faults: onStep } : {}),
      });
    },
    copy: () => logIn(copyDirectory(directory)),
    cutPower(random) {
      const left = beside(directory);
      disk!.leave(left, random);
      return logIn(left);
    },
  };
}
