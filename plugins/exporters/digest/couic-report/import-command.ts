import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, type CommandContext, UsageError } from '../../../../src/cli/command.ts';
import { EXIT } from '../../../../src/cli/exit-codes.ts';
import { takeOption, takeWord } from '../../../../src/cli/take-options.ts';
import { AdminError } from '../../../../src/service/admin/admin.ts';
import { convert } from './convert.ts';
import { CouicReportError, type CouicReportSettings, readSettings } from './settings.ts';

/** Where its Debian package has it. */
const ITS_FILE = '/etc/couic-report/config.toml';

const FILES = { yaml: 'otel-config.yaml', token: 'couic-report-token', webhookUrl: 'discord-webhook-url' } as const;
const VARIABLES = { token: 'COUIC_REPORT_TOKEN', webhookUrl: 'COUIC_DISCORD_WEBHOOK_URL' } as const;

/** Turns couic-report's configuration into one of the bridge. */
export const importCouicReportCommand: Command = {
  name: 'import-couic-report',
  summary: "Turn couic-report's configuration into one of the bridge, and say what differs",
  usage: '[FILE] [--output DIR]',
  help: `
  FILE              Its configuration. Without it: ${ITS_FILE}
  --output DIR      Write ${FILES.yaml} there, and each secret into a file of its own (0600) that it refers to. What is there
                    already stays, and nothing is written then.

Without --output the configuration is printed, and refers to two variables in place of the secrets, which are never printed.
`,
  async run(args, context) {
    const rest = [...args];
    const output = takeOption(rest, '--output');
    const file = takeWord(rest) ?? ITS_FILE;
    if (rest.length > 0) throw new UsageError(`${rest[0]} is not known: import-couic-report [FILE] [--output DIR]`);
    const { settings, unknown } = await read(file, context);
    const directory = output === undefined ? undefined : checked(resolve(output), settings);
    const references =
      directory === undefined
        ? { token: `\${env:${VARIABLES.token}}`, webhookUrl: `\${env:${VARIABLES.webhookUrl}}` }
        : {
            token: `\${file:${join(directory, FILES.token)}}`,
            webhookUrl: `\${file:${join(directory, FILES.webhookUrl)}}`,
          };
    const { yaml, differences } = convert(settings, unknown, references);
    if (directory === undefined) context.stdout(yaml);
    else write(directory, yaml, settings);
    context.stderr(`${[...differences.map((line) => `- ${line}`), '', ...steps(directory, settings)].join('\n')}\n`);
    return EXIT.ok;
  },
};

async function read(file: string, context: CommandContext) {
  let text: string;
  try {
    text = context.readFile(file);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    return await readSettings(text);
  } catch (error) {
    if (error instanceof CouicReportError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

/** @throws UsageError when something is there, or no reference can name it. */
function checked(directory: string, { discord }: CouicReportSettings): string {
  if (/[${}]/.test(directory)) throw new UsageError('--output: a path with $, { or } cannot stand in a configuration');
  const names = [FILES.yaml, FILES.token, ...(discord ? [FILES.webhookUrl] : [])];
  const there = names.map((name) => join(directory, name)).filter((path) => existsSync(path));
  if (there.length > 0) throw new UsageError(`${there.join(', ')}: is there already, and is not written over`);
  return directory;
}

function write(directory: string, yaml: string, { server, discord }: CouicReportSettings): void {
  const put = (name: string, text: string, mode: number) =>
    writeFileSync(join(directory, name), text, { mode, flag: 'wx' });
  try {
    mkdirSync(directory, { recursive: true, mode: 0o750 });
    put(FILES.token, `${server.secret}\n`, 0o600);
    if (discord) put(FILES.webhookUrl, `${discord.webhook_url}\n`, 0o600);
    put(FILES.yaml, yaml, 0o640);
  } catch (error) {
    throw new AdminError(`cannot write to ${directory}: ${(error as Error).message}`, { cause: error });
  }
}

function steps(directory: string | undefined, { discord }: CouicReportSettings): string[] {
  const secrets = [`${VARIABLES.token}: secret of [server]`];
  if (discord) secrets.push(`${VARIABLES.webhookUrl}: webhook_url of [discord]`);
  const names = [FILES.yaml, FILES.token, ...(discord ? [FILES.webhookUrl] : [])];
  return [
    'What is left to do:',
    ...(directory === undefined
      ? [`- Give the bridge its secrets as variables. ${secrets.join('; ')}. Or have them in files: --output DIR.`]
      : [
          `- Written to ${directory}: ${names.join(', ')}. Let the user of the bridge read them: chown couic-otel-bridge.`,
        ]),
    '- End couic-report, whose port the bridge takes, and start the bridge: Couic needs no change and no restart.',
    ...(discord ? ['- couic-otel-bridge digest test sends a message to Discord.'] : []),
  ];
}
