import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:tls';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { ServerTlsOptions } from '../config/tls.ts';

/** How often the files are looked at. Their content is compared: links and renames, as certbot and Kubernetes do, count too. */
const INTERVAL = 10_000;

interface TlsReloadOptions {
  /** Reads the files. */
  readonly load: () => Promise<ServerTlsOptions>;
  /** What the server was made with. */
  readonly current: ServerTlsOptions;
  readonly server: Server;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Takes up renewed certificates while connections go on. Files that cannot be read or do not fit together, as when
 * only one of two is written yet, leave the old ones in use; that is logged once until it changes.
 */
export class TlsReload {
  readonly #options: TlsReloadOptions;
  #current: ServerTlsOptions;
  #problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TlsReloadOptions) {
    this.#options = options;
    this.#current = options.current;
  }

  start(): void {
    this.#warnOfExpiry();
    this.#timer = setInterval(() => void this.#check(), INTERVAL).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    const { load, server, logger } = this.#options;
    try {
      const next = await load();
      if (!sameFiles(next, this.#current)) {
        server.setSecureContext(next);
        this.#current = next;
        logger.info('TLS files reloaded; new connections use them');
        this.#warnOfExpiry();
      }
      this.#problem = undefined;
    } catch (error) {
      const problem = (error as Error).message;
      if (problem === this.#problem) return;
      this.#problem = problem;
      logger.error(`The TLS files have changed and cannot be used; the old ones stay in use. ${problem}`);
    }
  }

  #warnOfExpiry(): void {
    const { clock, logger } = this.#options;
    const { validTo } = new X509Certificate(this.#current.cert as Buffer);
    if (Date.parse(validTo) < clock.now()) {
      logger.error(`The certificate in tls.cert_file was valid until ${validTo}: clients refuse it. Renew it`);
    }
  }
}

function sameFiles(a: ServerTlsOptions, b: ServerTlsOptions): boolean {
  return (['cert', 'key', 'ca'] as const).every((file) => String(a[file]) === String(b[file]));
}
