import type { Logger } from 'pino';
import { type Clock, systemClock } from '../clock.ts';
import { KnownSecrets } from '../config/known-secrets.ts';
import { type LoadedConfig, loadConfig } from '../config/load-config.ts';
import { ConfigError, formatProblem } from '../config/problem.ts';
import { StorageError } from '../log/storage-error.ts';
import { CONFIGURATION_COMPONENT } from '../service/admin/configuration.ts';
import { ownMetrics } from '../service/own-metrics.ts';
import { Service, StartCancelled } from '../service/service.ts';
import { logOpenTelemetry } from '../telemetry/diag.ts';
import { LastProblems } from '../telemetry/last-problems.ts';
import { createChangeableLogger } from '../telemetry/logger.ts';
import type { Command, Lifecycle } from './command.ts';
import { CONFIG_USAGE, readConfigArguments } from './config-options.ts';
import { Configuration } from './configuration.ts';
import { EXIT, signalExit } from './exit-codes.ts';
import { clearFailure, type Failure, stateDirectoryOf, writeFailure } from './last-failure.ts';
import { ServiceManager, systemdNotify } from './service-manager.ts';

/**
 * Two signals within so many ms are one: at Ctrl-C the terminal sends it to npm and to the bridge, and npm passes its
 * own on.
 */
const ECHO = 300;

/** Runs the bridge until a signal or a failure ends it. */
export const runCommand: Command = {
  name: '',
  summary: 'Run the bridge',
  usage: CONFIG_USAGE,
  async run(args, context) {
    const { chosen, ...sources } = readConfigArguments(args, context);
    const load = () => loadConfig({ ...context, ...sources });
    const hidden = new KnownSecrets();
    const loaded = await noted(async () => load(), stateDirectoryOf(context.env), hidden);
    const problems = new LastProblems();
    const { logger, change } = createChangeableLogger({
      ...loaded.config.service.telemetry.logs,
      hide: (text) => hidden.hide(text),
      onLine: problems.see,
    });
    const onLoaded = ({ secrets }: LoadedConfig) => {
      for (const secret of secrets) hidden.add(secret);
    };
    onLoaded(loaded);
    logOpenTelemetry(logger);
    logger.info(`Starting couic-otel-bridge ${context.version}, process ${process.pid}, configuration ${chosen}`);
    for (const warning of loaded.warnings) logger.warn(formatProblem(warning));
    context.lifecycle.onWarning(({ name, message }) => logger.warn(`${name}: ${message}`));
    const notify = systemdNotify(context.env.NOTIFY_SOCKET, ({ message }) =>
      logger.warn(`systemd is not told how the bridge does: ${message}`),
    );
    const monotonic = () => Number(process.hrtime.bigint()) / 1e6;
    const manager = new ServiceManager({ env: context.env, pid: process.pid, notify, monotonic });
    const configuration = new Configuration({
      load,
      loaded,
      chosen,
      logger,
      clock: systemClock,
      manager,
      onLoaded,
      onTaken: ({ config }) => change(config.service.telemetry.logs),
    });
    // What came of it is in the log.
    context.lifecycle.onHangup(() => void configuration.reload().catch(() => {}));
    const asked = [
      { id: CONFIGURATION_COMPONENT, name: CONFIGURATION_COMPONENT, component: configuration },
      { id: 'problems', name: 'last warnings and errors', component: problems },
    ];
    const { config } = loaded;
    const { version } = context;
    const metrics = ownMetrics(context.factories);
    const create = () => Service.create({ config, logger, clock: systemClock, version, metrics, asked });
    const service = await noted(create, stateDirectoryOf(context.env), hidden);
    // All that any reference gave, since what it hides is for messages that nobody here wrote.
    const hide = (text: string) => context.secrets.hide(text);
    const onRunning = () => {
      clearFailure(service.directory);
      configuration.running(service);
    };
    const onFailed = (message: string) => writeFailure(service.directory, failureOf(message, hidden));
    const { lifecycle } = context;
    return runService({ service, logger, lifecycle, clock: systemClock, manager, hide, onRunning, onFailed });
  },
};

/** Leaves word of a configuration that is wrong. */
async function noted<T>(work: () => Promise<T>, directory: string | undefined, hidden: KnownSecrets): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConfigError) writeFailure(directory, failureOf(error.message, hidden));
    throw error;
  }
}

function failureOf(message: string, hidden: KnownSecrets): Failure {
  return { at: new Date(systemClock.now()).toISOString(), message: hidden.hide(message) };
}

export interface RunOptions {
  readonly service: Pick<Service, 'start' | 'shutdown'>;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly manager: Pick<ServiceManager, 'ready' | 'stopping'>;
  onRunning?(): void;
  /** Told why it could not start, or ends by a failure. */
  onFailed?(message: string): void;
  /** Takes secrets out of a text that a library made. */
  hide(text: string): string;
}

/**
 * Starts the service and waits for its end. The first signal, or an error that nobody caught, ends it in order; a
 * second signal ends the process at once.
 * @returns the exit code.
 */
export async function runService({
  service,
  logger,
  lifecycle,
  clock,
  manager,
  hide,
  onRunning,
  onFailed,
}: RunOptions): Promise<number> {
  let failed = false;
  const told = new Promise<void>((resolve) => {
    let first: number | undefined;
    lifecycle.onSignal((signal) => {
      if (first !== undefined && clock.monotonic() - first < ECHO) return;
      if (first !== undefined) {
        logger.warn(`Received ${signal} again: ending at once`);
        lifecycle.exit(signalExit(signal));
        return;
      }
      first = clock.monotonic();
      logger.info(`Received ${signal}: stopping in order; a second signal ends the bridge at once`);
      resolve();
    });
    lifecycle.onUncaught((error) => {
      failed = true;
      logger.fatal(
        { err: withoutSecrets(error, hide) },
        'An error that nobody caught, a defect of the bridge: stopping in order',
      );
      onFailed?.(`an error that nobody caught, a defect of the bridge: ${withoutSecrets(error, hide).message}`);
      resolve();
    });
  });
  // Here, so that it also ends a start that takes long.
  const stopped = told.then(() => {
    manager.stopping();
    return service.shutdown();
  });
  try {
    await service.start();
    manager.ready();
    onRunning?.();
  } catch (error) {
    if (!(error instanceof StartCancelled)) {
      // The message is made for the operator; the stack is not.
      logger.fatal((error as Error).message);
      if (!isOfAnother(error)) onFailed?.((error as Error).message);
      logger.debug({ err: error });
      return EXIT.failure;
    }
  }
  const inOrder = await stopped;
  logger.info(inOrder ? 'Stopped' : 'Stopped, but not everything in order');
  return inOrder && !failed ? EXIT.ok : EXIT.failure;
}

/** Another process has the state: what stands there is its own. */
function isOfAnother(error: unknown): boolean {
  const { cause } = error as Error;
  return cause instanceof StorageError && cause.code === 'ERR_STORAGE_LOCKED';
}

/** Nobody here wrote its message, nor the other properties that libraries give their errors. */
function withoutSecrets(error: unknown, hide: (text: string) => string): Error {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const shown = new Error(hide(message));
  shown.name = name;
  shown.stack = hide(stack ?? '');
  return shown;
}
