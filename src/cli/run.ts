import type { Logger } from 'pino';
import { type Clock, systemClock } from '../clock.ts';
import { KnownSecrets } from '../config/known-secrets.ts';
import { loadConfig } from '../config/load-config.ts';
import { formatProblem } from '../config/problem.ts';
import { Service, StartCancelled } from '../service/service.ts';
import { logOpenTelemetry } from '../telemetry/diag.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { Command, Lifecycle } from './command.ts';
import { CONFIG_USAGE, readConfigArguments } from './config-options.ts';
import { EXIT, signalExit } from './exit-codes.ts';
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
    const { config, warnings, secrets } = loadConfig({ ...context, ...sources });
    const hidden = new KnownSecrets();
    for (const secret of secrets) hidden.add(secret);
    const logger = createLogger({ ...config.service.telemetry.logs, hide: (text) => hidden.hide(text) });
    logOpenTelemetry(logger);
    logger.info(`Starting couic-otel-bridge ${context.version}, process ${process.pid}, configuration ${chosen}`);
    for (const warning of warnings) logger.warn(formatProblem(warning));
    context.lifecycle.onWarning(({ name, message }) => logger.warn(`${name}: ${message}`));
    context.lifecycle.onHangup(() =>
      logger.warn('Received SIGHUP: ignored. The configuration is read once, at the start: restart to change it'),
    );
    const service = await Service.create({ config, logger, clock: systemClock, version: context.version });
    const notify = systemdNotify(context.env.NOTIFY_SOCKET, ({ message }) =>
      logger.warn(`systemd is not told how the bridge does: ${message}`),
    );
    const monotonic = () => Number(process.hrtime.bigint()) / 1e6;
    const manager = new ServiceManager({ env: context.env, pid: process.pid, notify, monotonic });
    const hide = (text: string) => context.secrets.hide(text);
    return runService({ service, logger, lifecycle: context.lifecycle, clock: systemClock, manager, hide });
  },
};

export interface RunOptions {
  readonly service: Pick<Service, 'start' | 'shutdown'>;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly manager: Pick<ServiceManager, 'ready' | 'stopping'>;
  /** Takes secrets out of a text that a library made. */
  hide(text: string): string;
}

/**
 * Starts the service and waits for its end. The first signal, or an error that nobody caught, ends it in order; a
 * second signal ends the process at once.
 * @returns the exit code.
 */
export async function runService({ service, logger, lifecycle, clock, manager, hide }: RunOptions): Promise<number> {
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
  } catch (error) {
    if (!(error instanceof StartCancelled)) {
      // The message is made for the operator; the stack is not.
      logger.fatal((error as Error).message);
      logger.debug({ err: error });
      return EXIT.failure;
    }
  }
  const inOrder = await stopped;
  logger.info(inOrder ? 'Stopped' : 'Stopped, but not everything in order');
  return inOrder && !failed ? EXIT.ok : EXIT.failure;
}

/** Nobody here wrote its message, nor the other properties that libraries give their errors. */
function withoutSecrets(error: unknown, hide: (text: string) => string): Error {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const shown = new Error(hide(message));
  shown.name = name;
  shown.stack = hide(stack ?? '');
  return shown;
}
