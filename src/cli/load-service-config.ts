import { type LoadedConfig, loadConfig } from '../config/load-config.ts';
import { ConfigError } from '../config/problem.ts';
import type { CommandContext } from './command.ts';
import { readConfigArguments, SYSTEM_CONFIG } from './config-options.ts';
import { ENVIRONMENT_FILE, serviceEnvironment } from './service-environment.ts';

interface ServiceConfig extends LoadedConfig {
  /** How it was chosen. */
  readonly chosen: string;
}

/** The configuration is wrong, as far as this process sees it. */
export class ServiceConfigError extends ConfigError {
  /** Whether it is that of the service, which may see more: credentials, variables of its unit. */
  readonly isService: boolean;

  constructor({ problems }: ConfigError, isService: boolean, hidden: boolean) {
    super(problems);
    this.isService = isService;
    if (hidden)
      this.message += `\nThe service's variables are in ${ENVIRONMENT_FILE}, which this user may not read: run this as root.`;
  }
}

/**
 * The configuration for a command that looks at it and is not the bridge: that of the service is read with the service's variables.
 * @throws UsageError, ServiceConfigError
 */
export function loadServiceConfig(args: readonly string[], context: CommandContext): ServiceConfig {
  const { chosen, ...sources } = readConfigArguments(args, context);
  const isService = sources.configs.includes(SYSTEM_CONFIG);
  const { env, hidden } = isService ? serviceEnvironment(context) : { env: context.env, hidden: false };
  try {
    return { ...loadConfig({ ...context, ...sources, env }), chosen };
  } catch (error) {
    throw error instanceof ConfigError ? new ServiceConfigError(error, isService, hidden) : error;
  }
}
