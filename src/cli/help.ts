import type { Command } from './command.ts';
import { CONFIG_HELP, CONFIG_USAGE } from './config-options.ts';

/** What `--help` prints. The manual page and the shell's completion are made of the same texts. */
export const PROGRAM = 'couic-otel-bridge';

export const OPTIONS = `${CONFIG_HELP}  --help, -h        This text; after a command, what there is to say of that.
  --version, -v     The version.
`;

export const EXIT_CODES = `0 done or stopped in order, 1 failed, 2 the command line or the configuration is wrong,
130 and 143 ended at once by a second SIGINT or SIGTERM.
`;

export function commandLine({ name, usage }: Command): string {
  return [PROGRAM, name, usage].filter((part) => part !== '').join(' ');
}

export function overview(commands: readonly Command[]): string {
  const entries = commands.map((command) => `  ${commandLine(command)}\n      ${command.summary}\n`);
  return `Takes the reports of a Couic firewall, keeps each exactly once, and exports them as OpenTelemetry metrics.

Usage:
${entries.join('')}
Options:
${OPTIONS}
Exit codes: ${EXIT_CODES}`;
}

export function helpOf(command: Command): string {
  const options = command.usage.includes(CONFIG_USAGE) ? CONFIG_HELP : '';
  return `${command.summary}.\n\nUsage: ${commandLine(command)}\n${options && `\n${options}`}${command.help ?? ''}`;
}
