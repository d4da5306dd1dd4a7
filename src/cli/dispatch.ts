import { hint } from '../config/nearest.ts';
import { ConfigError } from '../config/problem.ts';
import { AdminError } from '../service/admin/admin.ts';
import { printableLines } from '../telemetry/printable.ts';
import { type Command, type CommandContext, UnknownOptionError, UsageError } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { helpOf, overview, PROGRAM } from './help.ts';
import { WITH_VALUE } from './take-options.ts';

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
    const runs = commands.find(({ name }) => name === '');
    const found = findCommand(args, commands);
    const named = found?.command;
    const command = named ?? (first === '' || first.startsWith('-') ? runs : undefined);
    if (args.includes('--help') || args.includes('-h') || first === 'help') {
      context.stdout(named && named !== runs ? helpOf(named) : overview(commands));
      return EXIT.ok;
    }
    if (!command) {
      const names = commands.map(({ name }) => name || 'run').toSorted();
      throw new UsageError(
        // What is no word may be a value that lost its option.
        /^[\w-]{1,32}$/.test(first)
          ? `unknown command "${first}"${hint(first, names)}`
          : 'the first argument is no command',
      );
    }
    return await command.run(found ? found.rest : args, context).catch((error) => withOptionsOf(command, error));
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

/** What a command does not know reaches the reader of `--config` and `--set`, which has never heard of the command's own. */
function withOptionsOf({ usage }: Command, error: unknown): never {
  if (!(error instanceof UnknownOptionError)) throw error;
  const known = new Set(usage.match(/--[a-z][a-z-]*/g));
  throw new UsageError(`${error.message}${hint(error.option, known)}`, { cause: error });
}

/** The command that is named first, or after options, with what is left for it. `run` names the one without a name. */
function findCommand(args: readonly string[], commands: readonly Command[]) {
  const at = args.findIndex((arg, index) => !arg.startsWith('-') && !WITH_VALUE.includes(args[index - 1] ?? ''));
  const word = args[at];
  const command = word && commands.find(({ name }) => (name === '' ? word === 'run' : name === word));
  return command ? { command, rest: [...args.slice(0, at), ...args.slice(at + 1)] } : undefined;
}
