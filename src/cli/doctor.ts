import { existsSync } from 'node:fs';
import { formatProblem } from '../config/problem.ts';
import { examineDirectory } from '../log/embedded/examine.ts';
import { AdminError, type ComponentFindings } from '../service/admin/admin.ts';
import type { Finding } from '../telemetry/finding.ts';
import type { Command, CommandContext } from './command.ts';
import { CONFIG_USAGE, SYSTEM_STATE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { readFailure } from './last-failure.ts';
import { loadServiceConfig, ServiceConfigError } from './load-service-config.ts';
import {
  type OpenedAdmin,
  openAdmin,
  openRunning,
  readState,
  runningService,
  STATE_HELP,
  STATE_USAGE,
} from './open-admin.ts';
import { takeFlag } from './take-options.ts';

const MARKS: Readonly<Record<Finding['level'], string>> = { ok: 'ok     ', warning: 'WARNING', failure: 'FAILURE' };

const STATES: Readonly<Record<OpenedAdmin['state'], (directory: string) => Finding>> = {
  running: (directory) => ({ level: 'ok', message: `runs, and looked itself (state in ${directory})` }),
  // It may be meant, so nothing fails; but who asks because no report arrives must not read that all is well.
  stopped: (directory) => ({
    level: 'warning',
    message: `does not run, and takes no reports; this command looked in its place (state in ${directory})`,
    advice: 'start it, unless it is stopped on purpose; its log says why it ended',
  }),
  none: (directory) => ({
    level: 'ok',
    message: `has not run yet (${directory} holds no state); this command looked in its place`,
  }),
};

const NO_SERVICE = `no bridge runs on ${SYSTEM_STATE}, or this user may not ask it`;

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
    const { all, isWrong } =
      state === undefined
        ? await examineChosen(rest, context)
        : { all: await examine(() => openRunning(state), state), isWrong: false };
    const healthy = !all.some(({ findings }) => findings.some(({ level }) => level === 'failure'));
    context.stdout(json ? `${JSON.stringify({ healthy, components: all }, null, 2)}\n` : all.map(render).join('\n'));
    if (isWrong) return EXIT.usage;
    return healthy ? EXIT.ok : EXIT.failure;
  },
};

interface Examined {
  readonly all: readonly ComponentFindings[];
  /** The configuration is wrong, and no bridge runs that could say more of it. */
  readonly isWrong: boolean;
}

/** By a configuration. When the service's cannot be read here, by what the service says of itself, or has left. */
async function examineChosen(args: readonly string[], context: CommandContext): Promise<Examined> {
  try {
    const { chosen, config, warnings } = loadServiceConfig(args, context);
    const wrong = warnings.map((warning): Finding => ({ level: 'warning', message: formatProblem(warning) }));
    const findings: Finding[] = [{ level: 'ok', message: `valid: ${chosen}` }, ...wrong];
    const found = await examine(() => openAdmin(config, context.version));
    return { all: [{ component: 'configuration', findings }, ...found], isWrong: false };
  } catch (error) {
    if (!(error instanceof ServiceConfigError) || !error.isService) throw error;
    const running = await runningService();
    if (running) return { all: await examine(async () => running), isWrong: false };
    const findings: Finding[] = [{ level: 'failure', message: error.message }];
    const found = await examine(() => Promise.reject(new AdminError(NO_SERVICE)), SYSTEM_STATE);
    return { all: [{ component: 'configuration', findings }, ...found], isWrong: true };
  }
}

/** @param stateOnly - where to look when no bridge runs and no configuration says more. */
async function examine(open: () => Promise<OpenedAdmin>, stateOnly?: string): Promise<ComponentFindings[]> {
  try {
    const { admin, directory, state } = await open();
    const found = await admin.examine().finally(() => admin.close());
    const left = state === 'running' ? [] : failureIn(directory);
    return [{ component: 'bridge', findings: [STATES[state](directory), ...left] }, ...found];
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
