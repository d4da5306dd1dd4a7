import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The options of a command line; what it does not know ends the process with its usage, and exit code 2. */
export function readOptions<Config extends ParseArgsConfig>(
  config: Config,
  usage: string,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    refuse((error as Error).message, usage);
  }
}

/** The number that an option was given. What is none, or is out of bounds, ends the process likewise: with NaN nothing would ever be sent. */
export function readNumber(
  name: string,
  text: string,
  [least, most]: readonly [number, number],
  usage: string,
): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most) return value;
  const bounds = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
  return refuse(`--${name} ${text}: expected a number ${bounds}`, usage);
}

function refuse(message: string, usage: string): never {
  process.stderr.write(`${message}\n\n${usage}`);
  process.exit(2);
}
