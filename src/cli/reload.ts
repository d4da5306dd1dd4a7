import type { Command } from './command.ts';
import { CONFIG_USAGE } from './config-options.ts';
import { RELOAD_OPERATION } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import { openServing, STATE_HELP, STATE_USAGE } from './open-admin.ts';

/** Has the bridge that runs read its configuration again, and tells what came of it. */
export const reloadCommand: Command = {
  name: 'reload',
  summary: 'Have the bridge that runs read its configuration again; a wrong one changes nothing',
  usage: `${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
${STATE_HELP}
The bridge reads what it was started with, whatever is given here to find it. SIGHUP does the same, and the log says what
came of it. Exit code 1 when nothing was changed.
`,
  async run(args, context) {
    const { admin } = await openServing(args, context, 'there is nothing to reload');
    try {
      context.stdout(`${await admin.call('configuration', RELOAD_OPERATION, null)}\n`);
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};
