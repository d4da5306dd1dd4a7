import type { BridgeConfig } from '../config/bridge-config.ts';
import { holdsState } from '../log/embedded/holds-state.ts';
import { StorageError } from '../log/storage-error.ts';
import { type Admin, AdminError } from '../service/admin/admin.ts';
import { AdminClient } from '../service/admin/admin-client.ts';
import { askedOf, LocalAdmin } from '../service/admin/local-admin.ts';
import { buildStopped } from './build-stopped.ts';
import { type CommandContext, UsageError } from './command.ts';
import { SYSTEM_STATE } from './config-options.ts';
import { loadServiceConfig, ServiceConfigError } from './load-service-config.ts';

export interface OpenedAdmin {
  readonly admin: Admin;
  /** Where the state is. */
  readonly directory: string;
  /** Whether a bridge runs; if not, whether one ever did. */
  readonly state: 'running' | 'stopped' | 'none';
}

export const STATE_USAGE = '[--state DIR]';

export const STATE_HELP = `  --state DIR       Ask the bridge that runs on this state, and read no configuration: under systemd
                    /var/lib/couic-otel-bridge. A configuration may need secrets that only the service has.
`;

/**
 * The bridge that the arguments name, by its state or by its configuration. When this process cannot read the service's, which may
 * need credentials that only the service has, the bridge that runs is asked without it.
 * @throws UsageError, ConfigError, AdminError
 */
export async function openChosen(args: readonly string[], context: CommandContext, why?: string): Promise<OpenedAdmin> {
  const { state, rest } = readState(args);
  if (state !== undefined) return openRunning(state, why);
  try {
    return await openAdmin(loadServiceConfig(rest, context).config, context.version);
  } catch (error) {
    const running = error instanceof ServiceConfigError && error.isService && (await runningService());
    if (running) return running;
    throw error;
  }
}

/** As `openChosen`, for a command that reads what a bridge keeps. @throws AdminError when none has kept anything yet. */
export async function openKept(args: readonly string[], context: CommandContext): Promise<OpenedAdmin> {
  const opened = await openChosen(args, context);
  if (opened.state !== 'none') return opened;
  await opened.admin.close();
  throw noState(opened.directory);
}

/** As `openChosen`, for what only a bridge that runs can do. @param why - it must run. @throws AdminError when none does. */
export async function openServing(args: readonly string[], context: CommandContext, why: string): Promise<OpenedAdmin> {
  const opened = await openChosen(args, context, why);
  if (opened.state === 'running') return opened;
  await opened.admin.close();
  throw opened.state === 'none'
    ? noState(opened.directory)
    : new AdminError(`no bridge runs on ${opened.directory}: ${why}`);
}

/** Nothing is kept there: what to say in place of an answer. */
function noState(directory: string): AdminError {
  const elsewhere =
    directory === SYSTEM_STATE ? '' : `. If one runs as a service, its state is elsewhere: --state ${SYSTEM_STATE}`;
  return new AdminError(`${directory} holds no state: no bridge has run on it yet${elsewhere}`);
}

/** The bridge that systemd runs, if it does and may be asked. */
export async function runningService(): Promise<OpenedAdmin | undefined> {
  const admin = await AdminClient.connect(SYSTEM_STATE).catch(() => undefined);
  return admin && { admin, directory: SYSTEM_STATE, state: 'running' };
}

/** Takes `--state DIR` out of the arguments. @throws UsageError */
export function readState(args: readonly string[]): { state: string | undefined; rest: string[] } {
  const rest = [...args];
  const at = rest.indexOf('--state');
  if (at === -1) return { state: undefined, rest };
  const state = rest.splice(at, 2)[1];
  if (state === undefined || state.startsWith('-')) throw new UsageError('--state needs a directory');
  if (rest.length > 0) throw new UsageError(`${rest[0]} does not go with --state, which reads no configuration`);
  return { state, rest };
}

/** The bridge that runs on a state directory. @param why - it must run, when nothing else will do. @throws AdminError when none does. */
export async function openRunning(directory: string, why?: string): Promise<OpenedAdmin> {
  const admin = await AdminClient.connect(directory);
  if (admin) return { admin, directory, state: 'running' };
  if (!holdsState(directory)) throw noState(directory);
  throw new AdminError(
    `no bridge runs on ${directory}: ${why ?? 'without one, give the configuration in place of --state'}`,
  );
}

/**
 * The bridge of this configuration: the one that runs, asked over its socket; or, while none does, its state on disk,
 * opened by this process with its components built but not started. Before the first start there is no state either.
 * @throws AdminError when the state cannot be opened.
 */
export async function openAdmin(config: BridgeConfig, version: string): Promise<OpenedAdmin> {
  const { components, connections } = await buildStopped(config, version);
  const { receivers, exporters, extensions, log } = components;
  const { directory } = log;
  if (directory === undefined) throw new AdminError('the storage of this configuration has no directory to look into');
  const running = await AdminClient.connect(directory);
  if (running) return { admin: running, directory, state: 'running' };
  const state = holdsState(directory) ? 'stopped' : 'none';
  const storage = extensions.find(({ component }) => component.log === log)!;
  try {
    if (state === 'stopped') await storage.component.start();
  } catch (error) {
    throw refusal(directory, error as Error);
  }
  const close = async () => {
    const now = AbortSignal.abort();
    for (const { component } of [...receivers, ...exporters]) await component.shutdown(now);
    await storage.component.shutdown(new AbortController().signal);
  };
  const admin = new LocalAdmin(() => askedOf(components, connections), false, close);
  return { admin, directory, state };
}

function refusal(directory: string, error: Error): AdminError {
  if (error instanceof StorageError && error.code === 'ERR_STORAGE_LOCKED') {
    const message = `a process has ${directory} and cannot be asked: it is just starting or stopping, or is another command. Try again in a moment`;
    return new AdminError(message, { cause: error });
  }
  return new AdminError(error.message, { cause: error });
}
