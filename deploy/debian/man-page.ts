import type { Command } from '../../src/cli/command.ts';
import { commandLine, EXIT_CODES, helpOf, OPTIONS } from '../../src/cli/help.ts';

/** The page `couic-otel-bridge(8)`, made from the texts that `--help` prints. */
export function manPage(commands: readonly Command[], version: string, date: string): string {
  const named = commands.filter(({ name }) => name !== '');
  return `${[
    `.TH COUIC-OTEL-BRIDGE 8 "${date}" "couic-otel-bridge ${version}" "System Administration"`,
    '.SH NAME',
    'couic-otel-bridge \\- reports of a Couic firewall as OpenTelemetry metrics, and as usage metrics of CrowdSec',
    '.SH SYNOPSIS',
    ...commands.flatMap((command) => [`.B ${roff(commandLine(command))}`, '.br']),
    '.SH DESCRIPTION',
    roff('Takes the reports of a Couic firewall, keeps each exactly once, and exports them as OpenTelemetry metrics.'),
    'Without a command it runs the bridge until it gets SIGTERM or SIGINT.',
    '.SH OPTIONS',
    ...verbatim(OPTIONS),
    '.SH COMMANDS',
    ...named.flatMap((command) => [`.SS ${roff(command.name)}`, ...verbatim(helpOf(command))]),
    '.SH EXIT STATUS',
    ...verbatim(EXIT_CODES),
    '.SH FILES',
    ...entry('/etc/couic-otel-bridge/otel-config.yaml', 'The configuration.'),
    ...entry('/etc/couic-otel-bridge/environment', 'Secrets that the configuration refers to, for root alone.'),
    ...entry('/var/lib/couic-otel-bridge', 'The state: one directory, one process.'),
    '.SH SEE ALSO',
    '.BR systemctl (1),',
    '.BR journalctl (1)',
    '.PP',
    'More pages are in /usr/share/doc/couic-otel-bridge.',
  ].join('\n')}\n`;
}

function entry(term: string, text: string): string[] {
  return ['.TP', `.I ${roff(term)}`, roff(text)];
}

function verbatim(text: string): string[] {
  return ['.PP', '.nf', ...text.trimEnd().split('\n').map(roff), '.fi'];
}

/** Backslashes and dashes as themselves, and no line that begins like a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replace(/^([.'])/, '\\&$1');
}
