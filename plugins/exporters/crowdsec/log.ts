import { diag } from '@opentelemetry/api';

/** What the exporter needs of a logger; pino's is one. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Where the OpenTelemetry packages of a program log. */
export const diagLog: Log = {
  debug: (_, message) => diag.debug(message),
  info: (_, message) => diag.info(message),
  warn: (_, message) => diag.warn(message),
  error: (_, message) => diag.error(message),
};
