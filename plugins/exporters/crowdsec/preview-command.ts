import { type Command, UsageError } from '../../../src/cli/command.ts';
import { CONFIG_USAGE } from '../../../src/cli/config-options.ts';
import { EXIT } from '../../../src/cli/exit-codes.ts';
import { openKept, STATE_HELP, STATE_USAGE } from '../../../src/cli/open-admin.ts';
import { takeOption } from '../../../src/cli/take-options.ts';
import { type Admin, AdminError } from '../../../src/service/admin/admin.ts';
import { renderTable } from './cscli-table.ts';
import { PREVIEW_OPERATION, type Preview } from './preview.ts';

/** Shows what rules make of metrics, before LAPI is told. */
export const previewCommand: Command = {
  name: 'preview',
  summary: 'Print the table that cscli would show of all that was counted so far, and what no rule fits',
  usage: `[--exporter ID] ${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
  --exporter ID     Which exporter, when there are several: crowdsec/edge.
${STATE_HELP}
Draws what a crowdsec exporter makes of all totals, as "cscli metrics show bouncers --no-unit" would if LAPI had been told all
of it; and names metrics of others that count as nothing. Tells LAPI nothing, with dry_run or without.
`,
  async run(args, context) {
    const rest = [...args];
    const exporter = takeOption(rest, '--exporter');
    const { admin } = await openKept(rest, context);
    try {
      for (const id of await exportersOf(admin, exporter))
        context.stdout(renderPreview(id, (await admin.call(id, PREVIEW_OPERATION, null)) as Preview));
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};

async function exportersOf(admin: Admin, wanted: string | undefined): Promise<readonly string[]> {
  const all = (await admin.components())
    .filter(({ operations }) => operations.includes(PREVIEW_OPERATION))
    .map(({ id }) => id);
  if (all.length === 0)
    throw new AdminError('no exporter of this configuration goes to CrowdSec: add a crowdsec exporter');
  if (wanted === undefined) return all;
  if (!all.includes(wanted)) throw new UsageError(`"${wanted}" is no crowdsec exporter; there are: ${all.join(', ')}`);
  return [wanted];
}

/** In lines for a person. */
export function renderPreview(id: string, { counts, since, more, leftOut, unused }: Preview): string {
  const isEmpty = Object.keys(counts).length === 0;
  return [
    isEmpty ? `${id}: nothing was counted that LAPI would be told of` : renderTable(id, counts, since),
    ...(more ? ['There is more than one window holds: this is the first.'] : []),
    ...leftOut.map(({ metric, problem }) => `left out: ${metric}: ${problem}`),
    ...(unused.length > 0 ? ['Counts as nothing, since no rule fits:'] : []),
    ...unused.map(({ metric, series }) => `  ${metric}: ${series} series`),
    '',
  ].join('\n');
}
