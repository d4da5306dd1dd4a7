import { resolve } from 'node:path';
import { type Sleep, systemSleep } from '../../../src/clock.ts';
import { Repeating } from '../../../src/delivery/repeating.ts';
import type { CouicEvent } from '../../../src/events/event.ts';
import { type LogSource, logSource } from '../../../src/events/formats/otlp.ts';
import { type EncodedEvent, encodedOnce } from '../../../src/events/in-parts.ts';
import type { Delivery, EventSink, Failure } from '../../../src/events/sink.ts';
import type { ExporterContext } from '../../../src/service/component.ts';
import { printable } from '../../../src/telemetry/printable.ts';
import type { FileConfig } from './config.ts';
import { LineFile, Unwritten } from './line-file.ts';
import { lineOf } from './lines.ts';

const HOUR = 3_600_000;

/** Files that exporters of this process write: two of them would tear each other's lines. */
const written = new Set<string>();

/** Events as lines of a file. */
export class FileSink implements EventSink {
  readonly shown: string;
  readonly sizeOf: (event: CouicEvent) => number;
  readonly #context: ExporterContext;
  readonly #path: string;
  readonly #file: LineFile;
  /** Rotation has its hours, also when no events come. */
  readonly #housekeeping: Repeating;
  readonly #line: (event: CouicEvent) => EncodedEvent;
  #source: LogSource | undefined;
  #opened = false;
  #turns: Promise<unknown> = Promise.resolve();

  constructor(context: ExporterContext, config: FileConfig, sleep: Sleep = systemSleep) {
    const { path, format, create_directory: createDirectory, rotation } = config;
    const { clock, logger } = context;
    this.shown = printable(path);
    this.#context = context;
    this.#line = encodedOnce((event) => `${lineOf(format, event, this.#source!)}\n`);
    this.sizeOf = (event) => this.#line(event).bytes;
    this.#path = resolve(path);
    this.#file = new LineFile({ path: this.#path, createDirectory, rotation, clock, logger });
    this.#housekeeping = new Repeating(() => this.#keepBounds(), sleep);
  }

  async open(): Promise<void> {
    if (written.has(this.#path))
      throw new Error(`${this.shown} is the path of another exporter too: give each its own`);
    written.add(this.#path);
    this.#opened = true;
    this.#source = logSource(this.#context);
    try {
      await this.#inTurn(() => this.#file.open());
    } catch (error) {
      const failure = failureOf(error, this.shown);
      // What may be over soon keeps nothing from starting.
      if (!MAY_PASS.has(failure.reason)) throw new Error(failure.message, { cause: error });
    }
    this.#housekeeping.start(HOUR);
  }

  /** What was written is synced; a signal cannot end a system call, and none of them takes long. */
  async send(events: readonly CouicEvent[]): Promise<Delivery | Failure> {
    const lines = events.map(this.#line);
    try {
      await this.#inTurn(() => this.#file.append(lines));
      return {};
    } catch (error) {
      if (!(error instanceof Unwritten)) throw error;
      const failure = failureOf(error.cause, this.shown);
      if (error.written.size === 0) return failure;
      return { again: events.filter((_, place) => !error.written.has(place)), failure };
    }
  }

  async close(): Promise<void> {
    if (!this.#opened) return;
    this.#opened = false;
    await this.#housekeeping.stop();
    await this.#inTurn(() => this.#file.close());
    written.delete(this.#path);
  }

  async #keepBounds(): Promise<number> {
    try {
      await this.#inTurn(() => this.#file.keepBounds());
    } catch (error) {
      this.#context.logger.warn(`Old files are not rotated: ${failureOf(error, this.shown).message}`);
    }
    return HOUR;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(work);
    this.#turns = turn.catch(() => {});
    return turn;
  }
}

const MAY_PASS = new Set(['disk_full', 'io']);

/** What a system call's error means, and what to do. */
function failureOf(error: unknown, path: string): Failure {
  const { code = '', message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return { reason: 'disk_full', message: `no room for ${path} (${code}): make some` };
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return {
        reason: 'permission',
        message: `not allowed to write ${path} (${code}): let the user of the bridge write there and in its directory; systemd's ProtectSystem=strict wants LogsDirectory= or ReadWritePaths=`,
      };
    case 'ENOENT':
    case 'ENOTDIR':
      return {
        reason: 'no_directory',
        message: `there is no directory for ${path}: make it, or set create_directory: true`,
      };
    case 'EISDIR':
    case 'ENXIO':
    case 'ERR_NO_FILE':
      return { reason: 'no_file', message: `${path} is no regular file: give the path of one, or of none yet` };
    default:
      return { reason: 'io', message: `cannot write ${path}: ${printable(message, 300)}` };
  }
}
