import { existsSync } from 'node:fs';
import { loadConfig } from '../config/load-config.ts';
import { formatProblem } from '../config/problem.ts';
import { examineDirectory } from '../log/embedded/examine.ts';
import { AdminError, type ComponentFindings } from '../service/admin/admin.ts';
import type { Finding } from '../telemetry/finding.ts';
import type { Command } from './command.ts';
import { CONFIG_USAGE, readConfigArguments } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { readFailure } from './last-failure.ts';
import { type OpenedAdmin, openAdmin, openRunning, readState, STATE_HELP, STATE_USAGE } from './open-admin.ts';
import { takeFlag } from './take-options.ts';

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
  usage: `[--json] ${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
${STATE_HELP}  --json            {"healthy": …, "components": [{"component": …, "findings": [{"level", "message", "advice"}]}]}

Works while the bridge runs, as its user or as root: the bridge looks itself, so it sees what the bridge sees, and tells the
last warnings and errors of its log, and whether its configuration is older than what is written. While it does not run, this
command looks in its place; with --state alone at the disk, and at what a start that failed has left there.

Exit codes: 0 nothing fails (there may be warnings), 1 something does, or no bridge runs on the state that --state names,
2 the command line or the configuration is wrong.
`,
  async run(args, context) {
    const given = [...args];
    const json = takeFlag(given, '--json');
    const { state, rest } = readState(given);
    const all: ComponentFindings[] = [];
    if (state === undefined) {
      const { chosen, ...sources } = readConfigArguments(rest, context);
      const { config, warnings } = loadConfig({ ...context, ...sources });
      const wrong = warnings.map((warning): Finding => ({ level: 'warning', message: formatProblem(warning) }));
      all.push({ component: 'configuration', findings: [{ level: 'ok', message: `valid: ${chosen}` }, ...wrong] });
      all.push(...(await examine(() => openAdmin(config, context.version))));
    } else {
      all.push(...(await examine(() => openRunning(state), state)));
    }
    const healthy = !all.some(({ findings }) => findings.some(({ level }) => level === 'failure'));
    context.stdout(json ? `${JSON.stringify({ healthy, components: all }, null, 2)}\n` : all.map(render).join('\n'));
    return healthy ? EXIT.ok : EXIT.failure;
  },
};

/** @param stateOnly - where to look when no bridge runs and no configuration says more. */
async function examine(open: () => Promise<OpenedAdmin>, stateOnly?: string): Promise<ComponentFindings[]> {
  try {
    const { admin, directory, state } = await open();
    const found = await admin.examine().finally(() => admin.close());
    const left = state === 'running' ? [] : failureIn(directory);
    return [{ component: 'bridge', findings: [{ level: 'ok', message: STATES[state](directory) }, ...left] }, ...found];
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    const left = stateOnly === undefined ? [] : failureIn(stateOnly);
    const findings: Finding[] = [{ level: 'failure', message: error.message }, ...left];
    if (stateOnly === undefined || !existsSync(stateOnly)) return [{ component: 'bridge', findings }];
    const disk = await examineDirectory(stateOnly).catch((reason: Error): Finding[] => [
      { level: 'failure', message: reason.message, advice: 'run this as the user of the bridge, or as root' },
    ]);
    return [
      { component: 'bridge', findings },
      { component: 'state', findings: disk },
    ];
  }
}

/** What a start that failed has left. */
function failureIn(directory: string): Finding[] {
  const failure = readFailure(directory);
  return failure ? [{ level: 'failure', message: `the last start failed, ${failure.at}:\n${failure.message}` }] : [];
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
