import { QUARANTINE_OPERATION, type QuarantineList } from '../service/admin/quarantine.ts';
import type { Command } from './command.ts';
import { CONFIG_USAGE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { openKept, STATE_HELP, STATE_USAGE } from './open-admin.ts';

/** Shows what Couic sent that is no report. */
export const quarantineCommand: Command = {
  name: 'quarantine',
  summary: 'Show the reports that were put aside because they are not valid, as lines of JSON',
  usage: `${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
${STATE_HELP}
The newest hundred of each Couic, each up to 2 KiB, with the addresses that are in it. Works while the bridge runs, as its
user or as root; and while it does not, on its state.
`,
  async run(args, context) {
    const { admin } = await openKept(args, context);
    try {
      const components = (await admin.components()).filter(({ operations }) =>
        operations.includes(QUARANTINE_OPERATION),
      );
      let shown = 0;
      for (const { id } of components) {
        for (const { clock, ...report } of (await admin.call(id, QUARANTINE_OPERATION, null)) as QuarantineList) {
          context.stdout(`${JSON.stringify({ time: new Date(clock).toISOString(), ...report })}\n`);
          shown++;
        }
      }
      if (shown === 0) context.stderr('No report was put aside.\n');
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};
