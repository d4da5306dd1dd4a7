import { LIMITS_OPERATION, type LimitList, type LimitUse } from '../telemetry/limits.ts';
import type { Command } from './command.ts';
import { CONFIG_USAGE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { openKept, STATE_HELP, STATE_USAGE } from './open-admin.ts';
import { table } from './table.ts';

interface Row extends LimitUse {
  readonly component: string;
}

const HEADER = ['component', 'instance', 'what', 'used', 'of', 'full', 'beyond', 'option'];

/** Shows which Couic fills what. */
export const limitsCommand: Command = {
  name: 'limits',
  summary: 'Show how much of its bounds each Couic takes up: tags, kinds, series, rules, origins',
  usage: `${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
${STATE_HELP}
The fullest come first. "beyond" is what came when a bound was full: such reports are counted, under _OTHER, and such rules are
not held. Works while the bridge runs, as its user or as root; and while it does not, on its state.
`,
  async run(args, context) {
    const { admin } = await openKept(args, context);
    try {
      const rows: Row[] = [];
      for (const { id, operations } of await admin.components()) {
        if (!operations.includes(LIMITS_OPERATION)) continue;
        const list = (await admin.call(id, LIMITS_OPERATION, null)) as LimitList;
        rows.push(...list.map((use) => ({ component: id, ...use })));
      }
      if (rows.length === 0) context.stderr('No Couic has sent a report yet.\n');
      else context.stdout(table([HEADER, ...rows.sort((a, b) => share(b) - share(a)).map(cells)]));
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};

function share({ used, limit }: LimitUse): number {
  return used / limit;
}

function cells(row: Row): string[] {
  const { component, of, what, used, limit, beyond, option } = row;
  const full = `${Math.floor(share(row) * 100)} %`;
  return [
    component,
    of,
    what,
    String(used),
    String(limit),
    full,
    beyond === undefined ? '-' : String(beyond),
    option ?? '-',
  ];
}
