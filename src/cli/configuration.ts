import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { ConfigError, formatProblem } from '../config/problem.ts';
import { renderConfig } from '../config/render-config.ts';
import { sameConfig } from '../config/same-config.ts';
import { type RunningConfiguration, SHOW_OPERATION } from '../service/admin/configuration.ts';
import type { Operation } from '../service/component.ts';
import type { Changes } from '../service/reload.ts';
import { NotRunning, type Service } from '../service/service.ts';
import type { Finding } from '../telemetry/finding.ts';
import type { ServiceManager } from './service-manager.ts';

export const RELOAD_OPERATION = 'reload';

interface ConfigurationOptions {
  /** Reads it from where it was read first. @throws ConfigError */
  readonly load: () => LoadedConfig;
  /** What the bridge was started with. */
  readonly loaded: LoadedConfig;
  /** Where it is, for the log: `/etc/couic-otel-bridge/otel-config.yaml`. */
  readonly chosen: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly manager: Pick<ServiceManager, 'reloading' | 'ready'>;
  /** Told of a configuration before anything of it is used. */
  readonly onLoaded: (loaded: LoadedConfig) => void;
  /** Told of one that runs. */
  readonly onTaken: (loaded: LoadedConfig) => void;
}

/** The configuration of a bridge that runs: has it read again, and says how what runs and what is written differ. */
export class Configuration {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #options: ConfigurationOptions;
  #loaded: LoadedConfig;
  #loadedAt: number;
  #service: Pick<Service, 'reload'> | undefined;
  /** Who waits for the start. */
  #started: Promise<void>;
  #onStarted: () => void = () => {};
  #work: Promise<unknown> = Promise.resolve();
  #next: Promise<string> | undefined;
  #refusal: { readonly at: number; readonly message: string } | undefined;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
    this.#loaded = options.loaded;
    this.#loadedAt = options.clock.now();
    this.#started = new Promise((resolve) => {
      this.#onStarted = resolve;
    });
    this.operations = {
      [RELOAD_OPERATION]: () => this.reload(),
      [SHOW_OPERATION]: async (): Promise<RunningConfiguration> => ({
        from: this.#options.chosen,
        readAt: this.#loadedAt,
        yaml: renderConfig(this.#loaded),
      }),
    };
  }

  /** From now on it can be reloaded; whoever asked before has it now. */
  running(service: Pick<Service, 'reload'>): void {
    this.#service = service;
    this.#onStarted();
  }

  /**
   * Reads it again and takes it over. Several that ask while one is under way are one.
   * @returns what changed. @throws Error that says why nothing did.
   */
  reload(): Promise<string> {
    this.#next ??= Promise.all([this.#work, this.#started]).then(() => {
      this.#next = undefined;
      const work = this.#reload();
      this.#work = work.catch(() => {});
      return work;
    });
    return this.#next;
  }

  /** How the configuration that runs compares with what is written now. */
  examine(): Promise<readonly Finding[]> {
    const { chosen, load } = this.#options;
    const read = `${chosen}, read ${new Date(this.#loadedAt).toISOString()}`;
    const findings: Finding[] = [];
    try {
      const written = load();
      if (sameConfig(written.config, this.#loaded.config)) {
        findings.push({ level: 'ok', message: `runs as it is written: ${read}` });
      } else {
        findings.push({
          level: 'warning',
          message: `what runs is older than what is written: ${read}`,
          advice: 'reload it: systemctl reload couic-otel-bridge, couic-otel-bridge reload, or SIGHUP',
        });
      }
      for (const warning of written.warnings) findings.push({ level: 'warning', message: formatProblem(warning) });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      findings.push({
        level: 'failure',
        message: `what is written now would not start: ${read}\n${error.message}`,
        advice: 'mend it: the bridge goes on with what it read, until its next start',
      });
    }
    if (this.#refusal) {
      const at = new Date(this.#refusal.at).toISOString();
      findings.push({ level: 'warning', message: `the last reload, ${at}, changed nothing: ${this.#refusal.message}` });
    }
    return Promise.resolve(findings);
  }

  async #reload(): Promise<string> {
    const { logger, clock, manager, load, chosen, onLoaded, onTaken } = this.#options;
    manager.reloading();
    try {
      const loaded = load();
      onLoaded(loaded);
      const message = `Reloaded ${chosen}: ${describe(await this.#service!.reload(loaded.config))}`;
      onTaken(loaded);
      this.#loaded = loaded;
      this.#loadedAt = clock.now();
      this.#refusal = undefined;
      logger.info(message);
      for (const warning of loaded.warnings) logger.warn(formatProblem(warning));
      manager.ready();
      return message;
    } catch (error) {
      if (error instanceof NotRunning) throw error;
      const { message } = error as Error;
      this.#refusal = { at: clock.now(), message };
      logger.error(`The configuration was not reloaded; the bridge goes on with the one before:`);
      for (const line of message.split('\n')) logger.error(line);
      manager.ready(`the configuration was not reloaded: ${message}`);
      throw new Error(`the configuration was not reloaded; the bridge goes on with the one before\n${message}`, {
        cause: error,
      });
    }
  }
}

function describe({ added, changed, removed }: Changes): string {
  const parts = [
    ['added', added],
    ['changed', changed],
    ['removed', removed],
  ] as const;
  const said = parts.filter(([, names]) => names.length > 0).map(([what, names]) => `${what} ${names.join(', ')}`);
  return said.length === 0 ? 'no component changed' : said.join('; ');
}
