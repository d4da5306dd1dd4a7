import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import type { Logger } from 'pino';

/**
 * Hands what the OpenTelemetry packages have to say to our log; without it, their warnings vanish. Process-wide, as
 * their API is. Their `info` and `verbose` are ours at debug: they tell of mechanics, not of events.
 * @returns ends it.
 */
export function logOpenTelemetry(logger: Logger): () => void {
  const sdk = logger.child({ component: 'opentelemetry' });
  const write =
    (level: 'error' | 'warn' | 'debug') =>
    (message: unknown, ...rest: unknown[]) =>
      sdk[level](rest.length === 0 ? {} : { details: rest.map(plain) }, plain(message));
  const adapter: DiagLogger = {
    error: write('error'),
    warn: write('warn'),
    info: write('debug'),
    debug: write('debug'),
    verbose: () => {},
  };
  diag.setLogger(adapter, { logLevel: DiagLogLevel.DEBUG, suppressOverrideMessage: true });
  return () => diag.disable();
}

function plain(value: unknown): string {
  return value instanceof Error ? `${value.name}: ${value.message}` : String(value);
}
