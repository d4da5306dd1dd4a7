import { type Command, type CommandContext, UsageError } from '../../../src/cli/command.ts';
import { CONFIG_USAGE } from '../../../src/cli/config-options.ts';
import { EXIT } from '../../../src/cli/exit-codes.ts';
import { openKept, STATE_HELP, STATE_USAGE } from '../../../src/cli/open-admin.ts';
import { isoTime } from '../../../src/cli/shown-time.ts';
import { takeOption } from '../../../src/cli/take-options.ts';
import { type Admin, type AdminComponent, AdminError } from '../../../src/service/admin/admin.ts';
import { type ShownWindow, WINDOW_OPERATIONS, type WindowList, type WindowSummary } from './window-list.ts';

const ACTIONS = ['list', 'show', 'resend'] as const;
type Action = (typeof ACTIONS)[number];

interface Wanted {
  readonly action: Action;
  readonly number: number | undefined;
  readonly exporter: string | undefined;
  /** What is left: `--state`, or `--config` and `--set`. */
  readonly rest: readonly string[];
}

/** Looks after windows that LAPI has not taken. */
export const windowsCommand: Command = {
  name: 'windows',
  summary: 'List the CrowdSec windows that wait or were refused, show one, send one again',
  usage: `[list | show N | resend N] [--exporter ID] ${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
  list              Windows that wait for LAPI, and those that it refused for good. What to do without a word.
  show N            One window: its body, as LAPI gets it.
  resend N          Put a refused window back: it is sent again, with the same bytes.
  --exporter ID     Which exporter, when there are several: crowdsec/edge.
${STATE_HELP}
Works while the bridge runs, as its user or as root; and while it does not, on its state.
`,
  async run(args, context) {
    const wanted = readWanted(args);
    const { admin } = await openKept(wanted.rest, context);
    try {
      await perform(wanted, admin, context);
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};

/** @throws UsageError */
function readWanted(args: readonly string[]): Wanted {
  const rest = [...args];
  const exporter = takeOption(rest, '--exporter');
  const action = rest[0] === undefined || rest[0].startsWith('-') ? 'list' : rest.shift()!;
  if (!isAction(action)) throw new UsageError(`windows ${action}: expected list, show N or resend N`);
  let number: number | undefined;
  if (action !== 'list') {
    const text = rest.shift() ?? '';
    if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`windows ${action} needs the number of a window: windows list`);
    number = Number(text);
  }
  return { action, number, exporter, rest };
}

function isAction(word: string): word is Action {
  return (ACTIONS as readonly string[]).includes(word);
}

async function perform({ action, number, exporter }: Wanted, admin: Admin, context: CommandContext): Promise<void> {
  const exporters = await exportersOf(admin, exporter);
  if (action === 'list') {
    for (const { id } of exporters) {
      const list = (await admin.call(id, WINDOW_OPERATIONS.list, null)) as WindowList;
      context.stdout(renderList(id, list));
    }
    return;
  }
  const [only, ...others] = exporters;
  if (others.length > 0) {
    const ids = exporters.map(({ id }) => id).join(' or ');
    throw new UsageError(`there are several exporters with windows: say which, --exporter ${ids}`);
  }
  if (action === 'show') {
    const window = (await admin.call(only!.id, WINDOW_OPERATIONS.show, number)) as ShownWindow;
    // Only the body goes to stdout: it is made for `| jq`.
    context.stderr(aboutWindow(window));
    context.stdout(`${JSON.stringify(JSON.parse(window.body), null, 2)}\n`);
    return;
  }
  await admin.call(only!.id, WINDOW_OPERATIONS.resend, number);
  const when = admin.running ? 'It is being sent.' : 'It will be sent when the bridge runs.';
  context.stdout(`Window ${number} of ${only!.id} is back in the outbox. ${when}\n`);
}

async function exportersOf(admin: Admin, wanted: string | undefined): Promise<readonly AdminComponent[]> {
  const all = (await admin.components()).filter(({ operations }) => operations.includes(WINDOW_OPERATIONS.list));
  const chosen = wanted === undefined ? all : all.filter(({ id }) => id === wanted);
  if (chosen.length > 0) return chosen;
  if (all.length === 0) throw new AdminError('no exporter of this configuration has windows: add a crowdsec exporter');
  throw new UsageError(`"${wanted}" has no windows; these have: ${all.map(({ id }) => id).join(', ')}`);
}

function renderList(exporter: string, { windows, lastNumber, lastSentAt, dryRun }: WindowList): string {
  const waiting = windows.filter(({ state }) => state === 'waiting').length;
  const sent = lastSentAt === null ? 'none was taken yet' : `the last was taken at ${isoTime(lastSentAt)}`;
  const dry = dryRun ? '; dry run, nothing is sent' : '';
  const heading = `${exporter}: ${lastNumber} sealed so far, ${waiting} waiting, ${windows.length - waiting} refused; ${sent}${dry}\n`;
  if (windows.length === 0) return heading;
  const rows = windows.map(rowOf);
  const columns = ['window', 'state', 'sealed', 'items', 'bytes', 'reason'];
  const widths = columns.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd();
  return `${heading}${[columns, ...rows].map(line).join('\n')}\n`;
}

function rowOf({ number, state, sealedAt, items, bytes, reason = '' }: WindowSummary): string[] {
  return [String(number), state, isoTime(sealedAt), String(items), String(bytes), oneLine(reason)];
}

function aboutWindow({ number, state, sealedAt, bytes, reason }: ShownWindow): string {
  const refused = reason === undefined ? '' : `; LAPI said: ${oneLine(reason)}`;
  return `Window ${number}, ${state}, sealed at ${isoTime(sealedAt)}, ${bytes} bytes${refused}\n`;
}

/** LAPI's words may hold line breaks; a terminal's controls are shown by whoever prints. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
