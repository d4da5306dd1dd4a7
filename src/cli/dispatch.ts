import { AdminError } from '../admin/admin.ts';
import { hint } from '../config/nearest.ts';
import { ConfigError } from '../config/problem.ts';
import { printableLines } from '../telemetry/printable.ts';
import { type Command, type CommandContext, UsageError } from './command.ts';
import { CONFIG_HELP, CONFIG_USAGE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';

const PROGRAM = 'couic-otel-bridge';

/** Finds the command and runs it. @returns the exit code. @throws what is neither the user's mistake nor the configuration's. */
export async function dispatch(
  args: readonly string[],
  commands: readonly Command[],
  given: CommandContext,
): Promise<number> {
  // Whatever a command prints, a terminal shows it and does not obey it.
  const context: CommandContext = {
    ...given,
    stdout: (text) => given.stdout(printableLines(text)),
    stderr: (text) => given.stderr(printableLines(text)),
  };
  try {
    const [first = ''] = args;
    if (first === '--version' || first === '-v') {
      context.stdout(`${PROGRAM} ${context.version}\n`);
      return EXIT.ok;
    }
    const named = commands.find(({ name }) => name !== '' && name === first);
    const command = named ?? commands.find(({ name }) => name === '' && (first === '' || first.startsWith('-')));
    if (args.includes('--help') || args.includes('-h') || first === 'help') {
      context.stdout(named ? helpOf(named) : overview(commands));
      return EXIT.ok;
    }
    if (!command) {
      const names = commands.map(({ name }) => name).filter((name) => name !== '');
      throw new UsageError(
        // What is no word may be a value that lost its option.
        /^[\w-]{1,32}$/.test(first)
          ? `unknown command "${first}"${hint(first, names)}`
          : 'the first argument is no command',
      );
    }
    return await command.run(named ? args.slice(1) : args, context);
  } catch (error) {
    if (error instanceof ConfigError) context.stderr(`${error.message}\n`);
    else if (error instanceof UsageError)
      context.stderr(`${PROGRAM}: ${error.message}\n${PROGRAM} --help says more.\n`);
    else if (error instanceof AdminError) {
      context.stderr(`${PROGRAM}: ${error.message}\n`);
      return EXIT.failure;
    } else throw error;
    return EXIT.usage;
  }
}

const line = ({ name, usage }: Command) => [PROGRAM, name, usage].filter((part) => part !== '').join(' ');

function overview(commands: readonly Command[]): string {
  const entries = commands.map((command) => `  ${line(command)}\n      ${command.summary}\n`);
  return `Takes the reports of a Couic firewall, keeps each exactly once, and exports them as OpenTelemetry metrics.

Usage:
${entries.join('')}
Options:
${CONFIG_HELP}  --help, -h        This text; after a command, what there is to say of that.
  --version, -v     The version.

Exit codes: 0 done or stopped in order, 1 failed, 2 the command line or the configuration is wrong,
130 and 143 ended at once by a second SIGINT or SIGTERM.
`;
}

function helpOf(command: Command): string {
  const options = command.usage.includes(CONFIG_USAGE) ? CONFIG_HELP : '';
  return `${command.summary}.\n\nUsage: ${line(command)}\n${options && `\n${options}`}${command.help ?? ''}`;
}
