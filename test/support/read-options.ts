import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The options of a command line; what it does not know ends the process with its usage, and exit code 2. */
export function readOptions<Config extends ParseArgsConfig>(
  config: Config,
  usage: string,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}
