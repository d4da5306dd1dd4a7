import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { LogFile } from './log-file.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogEncoding = 'console' | 'json';

export interface CreateLoggerOptions {
  /** @default 'info' */
  level?: LogLevel;
  /** `console`: a line for a person. `json`: one object a line, with ISO time and the level as a word. @default 'console' */
  encoding?: LogEncoding;
  /** Where lines go: a file descriptor, or a stream. Written synchronously, so that the last line before an exit is there. @default 1 */
  destination?: number | DestinationStream;
  /** Milliseconds since the epoch. @default Date.now */
  now?: () => number;
}

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
  const { level = 'info', encoding = 'console', destination: to = 1, now = Date.now } = options;
  const out = typeof to === 'number' ? new LogFile(to) : to;
  const base: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
    redact: { paths: REDACT, censor: '[redacted]' },
  };
  if (encoding === 'json') {
    return pino({ ...base, formatters: { level: (label) => ({ level: label }) } }, out);
  }
  return pino(base, consoleStream(out, typeof to === 'number' && isatty(to) && !process.env.NO_COLOR));
}

/**
 * `[2026-01-02T03:04:05.678Z] INFO: Received 1 reports from Couic {"component":"couic"}`. In the process and
 * synchronous: a worker thread would lose the lines before a crash, which are the ones that matter.
 */
function consoleStream(out: DestinationStream, colorize: boolean): DestinationStream {
  const pretty = prettyFactory({
    colorize,
    singleLine: true,
    translateTime: false,
    messageFormat: (log, messageKey) => oneLine(log[messageKey]),
  });
  return { write: (line) => out.write(pretty(line)) };
}

/** A tag or a peer's answer may hold line breaks and terminal controls; a log line stays one line, and harmless. */
function oneLine(message: unknown): string {
  return String(message ?? '').replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (char) => ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
