import { formatCidr, parseAddress } from '../report/cidr.ts';
import { AdminError } from '../service/admin/admin.ts';
import { ERASE_OPERATION, type Erased, type NotErased } from '../service/admin/erase.ts';
import { RULES_COMPONENT, type ShownRule } from '../service/admin/rules.ts';
import { counted } from '../telemetry/counted.ts';
import { type Command, UsageError } from './command.ts';
import { CONFIG_USAGE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { openKept, STATE_HELP, STATE_USAGE } from './open-admin.ts';
import { isoEnd } from './shown-time.ts';
import { takeOption, takeWord } from './take-options.ts';

const NOT_REACHED = `Not reached by this: rules in force, which Couic holds (couicctl drop delete), and what is reported of them from now on;
what exporters have sent on, and what an exporter file has written to its files; the journal and other places that keep the log lines; backups; snapshots of the file system,
and blocks that a disk has not written over yet.
`;

/** Takes an address or a tag out of what the bridge keeps. */
export const eraseCommand: Command = {
  name: 'erase',
  summary: 'Take an address, a network or a tag out of all that the bridge keeps',
  usage: `(ADDRESS | --tag NAME) ${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
  ADDRESS           192.0.2.1, 2001:db8::1, or a network, with all that is in it: 192.0.2.0/24.
  --tag NAME        A tag that names a person.
${STATE_HELP}
Exporters drop the events of it that wait. A snapshot of the present state is taken, and the log before it deleted; what
exporters of events still need of it is overwritten. It goes on at the next start when the bridge ends meanwhile. Counts stay.
${NOT_REACHED}
Works while the bridge runs, as its user or as root; and while it does not, on its state.
`,
  async run(args, context) {
    const rest = [...args];
    const tag = takeOption(rest, '--tag');
    const word = takeWord(rest);
    if ((tag === undefined) === (word === undefined))
      throw new UsageError('erase needs an address, a network, or --tag NAME: erase 192.0.2.1');
    if (tag === '') throw new UsageError('--tag needs a value: --tag NAME');
    const cidr = word === undefined ? undefined : parseAddress(word);
    if (cidr === null) throw new UsageError(`"${word}" is no address and no network, as in 192.0.2.1 or 2001:db8::/32`);
    const { admin } = await openKept(rest, context);
    try {
      const argument = cidr === undefined ? { tag } : { network: formatCidr(cidr) };
      const answer = await admin.call(RULES_COMPONENT, ERASE_OPERATION, argument).catch(unfinished);
      const { refused } = answer as Partial<NotErased>;
      if (refused !== undefined) throw new AdminError(`nothing was erased: ${refused}`);
      context.stdout(report(answer as Erased));
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};

/** The bridge has ended, say, while it was at it. */
function unfinished(error: unknown): never {
  if (!(error instanceof AdminError)) throw error;
  const message = `${error.message}. Nobody knows whether it was done: what was begun is finished at the bridge's next start, whose log says so; or ask again`;
  throw new AdminError(message, { cause: error });
}

function report({ what, entries, stillIn, inForce, around }: Erased): string {
  const lines = [
    `Erased ${what}: a snapshot was taken, the log before it deleted, and ${counted(entries, 'entries that are kept', 'entry that is kept')} for exporters overwritten.\n`,
  ];
  if (stillIn.length > 0) lines.push(`Its name is still in the state of ${stillIn.join(', ')}.\n`);
  if (inForce.length > 0) lines.push(`In force all the same, since Couic holds them:\n${list(inForce)}`);
  if (around.length > 0) lines.push(`Networks around it, of which nothing was erased:\n${list(around)}`);
  return `${lines.join('')}${NOT_REACHED}`;
}

function list(rules: readonly ShownRule[]): string {
  return rules
    .map(
      ({ instance, policy, network, tag, until }) =>
        `  ${instance}: ${policy} ${network}, tag ${tag ?? 'none'}, until ${isoEnd(until)}\n`,
    )
    .join('');
}
