import { parseArgs } from 'node:util';
import { sourceName } from '../config/sources.ts';
import { type CommandContext, UnknownOptionError, UsageError } from './command.ts';

export const CONFIG_USAGE = '[--config FILE]… [--set KEY=VALUE]…';

export const CONFIG_HELP = `  --config FILE     Configuration in YAML; may be given several times, later ones are merged over earlier ones.
                    Also env:NAME, a variable that holds the YAML, and yaml:TEXT, the YAML itself.
                    Without it: ./otel-config.yaml, /etc/couic-otel-bridge/otel-config.yaml, or the one that came with
                    the package, whichever is there first.
  --set KEY=VALUE   One option over all files: --set exporters.crowdsec.dry_run=false. The value is YAML. A "::" in
                    place of "." lets a part of the key hold a dot. May be given several times.
`;

const LOCAL_CONFIG = './otel-config.yaml';
/** Where the Debian package, and whoever follows docs/operations.md, has the service's. */
export const SYSTEM_CONFIG = '/etc/couic-otel-bridge/otel-config.yaml';

/** Where systemd has the state of that service. */
export const SYSTEM_STATE = '/var/lib/couic-otel-bridge';

interface ConfigArguments {
  readonly configs: readonly string[];
  readonly sets: readonly string[];
  /** How the configuration was chosen, for the log. */
  readonly chosen: string;
}

/** Reads `--config` and `--set`. @throws UsageError for anything else. */
export function readConfigArguments(args: readonly string[], context: CommandContext): ConfigArguments {
  const { config = [], set = [] } = parseOptions(args, {
    config: { type: 'string', multiple: true },
    set: { type: 'string', multiple: true },
  });
  if (config.length > 0) return { configs: config, sets: set, chosen: config.map(sourceName).join(', ') };
  for (const path of [LOCAL_CONFIG, SYSTEM_CONFIG]) {
    if (context.exists(path)) return { configs: [path], sets: set, chosen: path };
  }
  const chosen = `${context.shippedConfig}, which came with the package: there is no --config, no ${LOCAL_CONFIG} and no ${SYSTEM_CONFIG}`;
  return { configs: [context.shippedConfig], sets: set, chosen };
}

interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
}

type Value<O extends Option> = O['type'] extends 'boolean' ? boolean : string;
type Values<T> = {
  [K in keyof T]?: T[K] extends Option ? (T[K]['multiple'] extends true ? Value<T[K]>[] : Value<T[K]>) : never;
};

/** node:util's parseArgs, with errors that say what to write instead. */
export function parseOptions<const T extends Record<string, Option>>(args: readonly string[], options: T): Values<T> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values as Values<T>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const option = /'(--?[^'= ]+)/.exec(message)?.[1] ?? '';
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw new UnknownOptionError(option);
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') throw new UsageError(`${option} needs a value: ${option} …`);
    throw new UsageError('unexpected argument: options are written --NAME VALUE, a configuration --config FILE');
  }
}
