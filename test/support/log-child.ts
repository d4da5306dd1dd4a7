import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { EmbeddedEngine } from '../../src/log/embedded/engine.ts';
import type { FaultPoint } from '../../src/log/embedded/faults.ts';
import type { Entry, Fold } from '../../src/log/log.ts';
import { LogRunner } from '../../src/log/runner.ts';
import type { StorageError } from '../../src/log/storage-error.ts';
import { Health } from '../../src/telemetry/health.ts';

/**
 * A process with a log, to be killed. `node dist-test/test/support/log-child.js '{"directory":…}'`.
 * It tells what happens line by line: `ready`, then `acked N` for every record whose append resolved; `refused CODE MESSAGE`.
 */
export interface LogChildOptions {
  readonly directory: string;
  /** Append records without end, from the first number on that the log does not have. @default false */
  readonly work?: boolean;
  /** SIGKILL at the nth passing of a point. */
  readonly kill?: { readonly point: FaultPoint; readonly after: number };
  readonly minimumLogBytes?: number;
}

/** Holds the highest record; each record is its number, padded, so that logs grow and snapshots have several pieces. */
class HighestFold implements Fold {
  highest = 0;

  apply({ record }: Entry): void {
    const number = Number(Buffer.from(record).toString().trim());
    if (number !== this.highest + 1) throw new Error(`record ${number} after ${this.highest}`);
    this.highest = number;
  }

  snapshot(): Iterable<Uint8Array> {
    return String(this.highest)
      .split('')
      .map((digit) => Buffer.from(digit));
  }

  restore(pieces: Iterable<Uint8Array>): void {
    this.highest = Number(Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))).toString());
  }
}

const options: LogChildOptions = JSON.parse(process.argv[2] ?? '{}');
/** At once, since the process may be killed in the next moment; again when the pipe is full. */
function tell(line: string): void {
  try {
    writeSync(1, `${line}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    tell(line);
  }
}

let left = options.kill?.after ?? 0;
const clock = { now: () => 0, monotonic: () => 0 };
const logger = pino({ enabled: false });
const engine = new EmbeddedEngine({
  directory: options.directory,
  clock,
  logger,
  health: new Health(),
  faults: (point) => {
    if (point === options.kill?.point && --left <= 0) process.kill(process.pid, 'SIGKILL');
  },
});
const log = new LogRunner({
  engine,
  clock,
  logger,
  ...(options.minimumLogBytes === undefined ? {} : { minimumLogBytes: options.minimumLogBytes }),
});
const fold = new HighestFold();
log.attach('highest', fold);
const topic = log.topic('highest');
try {
  await log.load();
} catch (error) {
  tell(`refused ${(error as StorageError).code} ${(error as Error).message}`);
  process.exit(1);
}
tell(`ready ${fold.highest}`);
// Until whoever started it is gone.
process.stdin.once('end', () => log.close().then(() => process.exit())).resume();
if (options.work) {
  for (let batch = 1; ; batch++) {
    const first = fold.highest + 1;
    const numbers = Array.from({ length: 1 + (batch % 5) }, (_, i) => first + i);
    await Promise.all(numbers.map((number, i) => topic.append(Buffer.from(String(number).padEnd(100 + 37 * i)))));
    tell(`acked ${numbers.at(-1)}`);
  }
}
