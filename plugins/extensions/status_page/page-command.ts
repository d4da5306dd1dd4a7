import type { Command } from '../../../src/cli/command.ts';
import { CONFIG_USAGE } from '../../../src/cli/config-options.ts';
import { EXIT } from '../../../src/cli/exit-codes.ts';
import { openServing, STATE_HELP, STATE_USAGE } from '../../../src/cli/open-admin.ts';
import { table } from '../../../src/cli/table.ts';
import { type Admin, AdminError } from '../../../src/service/admin/admin.ts';
import { BRIDGES_OPERATION, type BridgeList } from '../../../src/service/admin/bridges.ts';
import { LOGIN_OPERATION, type PageLogin } from './operations.ts';
import { span } from './view/format.ts';

/** Gives a way into the status page to whoever may read the state. */
export const pageCommand: Command = {
  name: 'page',
  summary: 'Say where the status page is, with a code that logs in once',
  usage: `${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
${STATE_HELP}
The code is good for five minutes. Works while the bridge runs, as its user or as root. Where several bridges share a log, it tells
which they are: each has a page of its own, and all pages show them.
`,
  async run(args, context) {
    const { admin } = await openServing(args, context, 'the page is there while one does');
    try {
      const pages = (await admin.components()).filter(({ operations }) => operations.includes(LOGIN_OPERATION));
      if (pages.length === 0)
        throw new AdminError(
          'the bridge has no status page: add "status_page: {}" under extensions, and status_page to service::extensions',
        );
      for (const { id } of pages) {
        const { url, code, goodFor } = (await admin.call(id, LOGIN_OPERATION, null)) as PageLogin;
        context.stdout(`${url}\ncode: ${code} (once, within ${goodFor / 60_000} minutes)\n`);
      }
      context.stdout(await otherBridges(admin));
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};

/** Nothing where there are no others. */
async function otherBridges(admin: Admin): Promise<string> {
  const storage = (await admin.components()).find(({ operations }) => operations.includes(BRIDGES_OPERATION));
  if (!storage) return '';
  let list: BridgeList;
  try {
    list = (await admin.call(storage.id, BRIDGES_OPERATION, null)) as BridgeList;
  } catch (error) {
    return `bridges on this log: cannot be asked for now (${(error as Error).message})\n`;
  }
  const { at, bridges } = list;
  const rows = bridges.map(({ name, state, heard, version }) => [
    `  ${name}`,
    state,
    `heard of ${span(Math.max(0, at - heard) / 1000)} ago`,
    `version ${version}`,
  ]);
  return rows.length === 0 ? '' : `bridges on this log:\n${table(rows)}`;
}
