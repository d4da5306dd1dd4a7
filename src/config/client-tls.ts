import type { SecureContextOptions } from 'node:tls';

/** Options for `tls.connect` and undici's `connect`. */
export interface ClientTlsOptions extends SecureContextOptions {
  /** @default true */
  readonly rejectUnauthorized?: boolean;
}
