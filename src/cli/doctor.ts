import { loadConfig } from '../config/load-config.ts';
import { formatProblem } from '../config/problem.ts';
import { AdminError, type ComponentFindings } from '../service/admin/admin.ts';
import type { Finding } from '../telemetry/finding.ts';
import type { Command } from './command.ts';
import { CONFIG_USAGE, readConfigArguments } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { type OpenedAdmin, openAdmin, openRunning, readState, STATE_HELP, STATE_USAGE } from './open-admin.ts';

const MARKS: Readonly<Record<Finding['level'], string>> = { ok: 'ok     ', warning: 'WARNING', failure: 'FAILURE' };

const STATES: Readonly<Record<OpenedAdmin['state'], (directory: string) => string>> = {
  running: (directory) => `runs, and looked itself (state in ${directory})`,
  stopped: (directory) => `does not run; this command looked in its place (state in ${directory})`,
  none: (directory) => `has not run yet (there is no ${directory}); this command looked in its place`,
};

/** Looks at everything that can be wrong outside of the bridge, and says what to do. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Look at connections, keys, clocks, queues and storage, and say what to do',
  usage: `${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
${STATE_HELP}
Works while the bridge runs, as its user or as root: the bridge looks itself, so it sees what the bridge sees. While it
does not run, this command looks in its place. Exit code 1 when anything fails.
`,
  async run(args, context) {
    const { state, rest } = readState(args);
    const all: ComponentFindings[] = [];
    let open = () => openRunning(state!);
    if (state === undefined) {
      const { chosen, ...sources } = readConfigArguments(rest, context);
      const { config, warnings } = loadConfig({ ...context, ...sources });
      const wrong = warnings.map((warning): Finding => ({ level: 'warning', message: formatProblem(warning) }));
      all.push({ component: 'configuration', findings: [{ level: 'ok', message: `valid: ${chosen}` }, ...wrong] });
      open = () => openAdmin(config, context.version);
    }
    all.push(...(await examine(open)));
    context.stdout(all.map(render).join('\n'));
    return all.some(({ findings }) => findings.some(({ level }) => level === 'failure')) ? EXIT.failure : EXIT.ok;
  },
};

async function examine(open: () => Promise<OpenedAdmin>): Promise<ComponentFindings[]> {
  try {
    const { admin, directory, state } = await open();
    const found = await admin.examine().finally(() => admin.close());
    return [{ component: 'bridge', findings: [{ level: 'ok', message: STATES[state](directory) }] }, ...found];
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    return [{ component: 'bridge', findings: [{ level: 'failure', message: error.message }] }];
  }
}

function render({ component, findings }: ComponentFindings): string {
  return `${component}\n${findings.map(line).join('')}`;
}

function line({ level, message, advice }: Finding): string {
  const text = `  ${MARKS[level]} ${indented(message)}\n`;
  return advice === undefined ? text : `${text}          → ${indented(advice)}\n`;
}

function indented(text: string): string {
  return text.replaceAll('\n', `\n${' '.repeat(10)}`);
}
