import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import type { prettyFactory as PrettyFactory } from 'pino-pretty';
import { counted } from './counted.ts';
import { isJournal, withPriority } from './journal.ts';
import { LogFile } from './log-file.ts';
import { printable, printableLines } from './printable.ts';

type LogLevel = 'debug' | 'info' | 'warn' | 'error';
type LogEncoding = 'console' | 'json';

interface CreateLoggerOptions {
  /** @default 'info' */
  level?: LogLevel;
  /** `console`: a line for a person. `json`: one object a line, with ISO time and the level as a word. @default 'console' */
  encoding?: LogEncoding;
  /** Where lines go: a file descriptor, or a stream. Written synchronously, so that the last line before an exit is there, and without waiting. @default 1 */
  destination?: number | DestinationStream;
  /** Milliseconds since the epoch. @default Date.now */
  now?: () => number;
  /** Whether the destination is systemd's journal: it keeps the time itself, and is told the priority. @default what `$JOURNAL_STREAM` says */
  journal?: boolean;
  /** Takes out what no log may hold, of a line in JSON. @default nothing */
  hide?: (text: string) => string;
  /** Told of each line that is written, as it is shown. */
  onLine?: (line: { readonly level: number }) => void;
}

const require = createRequire(import.meta.url);

/** Keys whose values never reach a log, wherever a logged object holds them within two levels. */
const SECRET_KEYS = [
  'api_key',
  'apiKey',
  'authorization',
  'Authorization',
  'headers',
  'password',
  'secret',
  'token',
  'tokens',
  'webhook',
  '["x-api-key"]',
  '["X-Api-Key"]',
];

const REDACT = SECRET_KEYS.flatMap((key) => [key, key.startsWith('[') ? `*${key}` : `*.${key}`]);

/** The process's logger; components are given children of it. */
export function createLogger(options: CreateLoggerOptions = {}): Logger {
  return createChangeableLogger(options).logger;
}

interface ChangeableLogger {
  readonly logger: Logger;
  /** From now on, for all children too. */
  change(settings: Required<Pick<CreateLoggerOptions, 'level' | 'encoding'>>): void;
}

export function createChangeableLogger(options: CreateLoggerOptions = {}): ChangeableLogger {
  // A child has a level of its own, which does not follow its parent's.
  const children = new Set<WeakRef<Logger>>();
  const { level = 'info', encoding = 'console', destination: to = 1, now = Date.now, hide = asItIs, onLine } = options;
  const out = typeof to === 'number' ? new LogFile(to, (lines) => logger.warn(lostLines(lines))) : to;
  const base: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
    onChild: (child) => void children.add(new WeakRef(child)),
    redact: { paths: REDACT, censor: '[redacted]' },
  };
  const { journal = typeof to === 'number' && isJournal(to, process.env.JOURNAL_STREAM) } = options;
  const rendererOf = (name: LogEncoding) =>
    name === 'json' ? jsonLine : consoleLine(journal, typeof to === 'number' && colors(to));
  let render = rendererOf(encoding);
  const logger = pino(base, {
    write(line) {
      const object = JSON.parse(hide(line)) as LogObject;
      onLine?.(object);
      const text = render(object);
      out.write(journal ? withPriority(object.level, text) : text);
    },
  });
  return {
    logger,
    change(settings) {
      render = rendererOf(settings.encoding);
      logger.level = settings.level;
      for (const reference of children) {
        const child = reference.deref();
        if (child) child.level = settings.level;
        else children.delete(reference);
      }
    },
  };
}

interface LogObject {
  readonly level: number;
}

function colors(fd: number): boolean {
  return isatty(fd) && !process.env.NO_COLOR;
}

/** One object a line, with the level as a word. */
function jsonLine({ level, ...rest }: LogObject): string {
  return printableLines(`${JSON.stringify({ level: pino.levels.labels[level], ...rest })}\n`);
}

const asItIs = (text: string) => text;

function lostLines(lines: number): string {
  return `${counted(lines, 'lines of the log were', 'line of the log was')} lost here, which could not be written, on a full disk or with nobody reading`;
}

/**
 * `[2026-01-02T03:04:05.678Z] INFO: Received 1 report from Couic {"component":"couic"}`. In the process and
 * synchronous: a worker thread would lose the lines before a crash, which are the ones that matter.
 */
function consoleLine(journal: boolean, colorize: boolean): (object: LogObject) => string {
  // Loaded here, since lines in JSON do without.
  const { prettyFactory } = require('pino-pretty') as { prettyFactory: typeof PrettyFactory };
  const pretty = prettyFactory({ colorize, singleLine: true, translateTime: false, ignore: journal ? 'time' : '' });
  return (object) => pretty(harmless(object) as object);
}

/** A tag or a peer's answer may hold line breaks and terminal controls: a log line stays one line. Only a stack has more. */
function harmless(value: unknown, key?: string): unknown {
  if (typeof value === 'string') return key === 'stack' ? printableLines(value) : printable(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => harmless(item));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [printable(name), harmless(item, name)]));
}
