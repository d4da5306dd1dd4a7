import { hint } from '../config/nearest.ts';
import { ConfigError } from '../config/problem.ts';
import { AdminError } from '../service/admin/admin.ts';
import { printableLines } from '../telemetry/printable.ts';
import { type Command, type CommandContext, UsageError } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { helpOf, overview, PROGRAM } from './help.ts';

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
