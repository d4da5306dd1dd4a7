import { formatCidr, parseAddress } from '../report/cidr.ts';
import {
  type Explanation,
  type History,
  type InstanceExplanation,
  RULE_OPERATIONS,
  RULES_COMPONENT,
  type ShownRule,
} from '../service/admin/rules.ts';
import { counted } from '../telemetry/counted.ts';
import { printable } from '../telemetry/printable.ts';
import { type Command, UsageError } from './command.ts';
import { CONFIG_USAGE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { openKept, STATE_HELP, STATE_USAGE } from './open-admin.ts';
import { isoEnd, isoTime } from './shown-time.ts';
import { table } from './table.ts';
import { takeFlag, takeWord } from './take-options.ts';

/** Members of the answer that are times. */
const TIMES = new Set(['at', 'since', 'until', 'time', 'from']);

/** Tells why packets of an address are dropped, or are not. */
export const explainCommand: Command = {
  name: 'explain',
  summary: 'Say what each Couic does with packets from an address or a network, by which rule, and what happened to it',
  usage: `ADDRESS [--json] ${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
  ADDRESS           192.0.2.1, 2001:db8::1, or a network: 192.0.2.0/24.
  --json            For programs.
${STATE_HELP}
Couic has its ignore rules apart and asks them first: one that holds for an address lets it pass, whatever is to be dropped.
Among rules of one policy the longest prefix counts. What happened is read from the log, which reaches back to the last
snapshot, or as far as an exporter of events still needs it; the answer says how far. Works while the bridge runs, as its
user or as root; and while it does not, on its state.
`,
  async run(args, context) {
    const rest = [...args];
    const asJson = takeFlag(rest, '--json');
    const word = takeWord(rest);
    if (word === undefined) throw new UsageError('explain needs an address or a network: explain 192.0.2.1');
    const cidr = parseAddress(word);
    if (cidr === null) throw new UsageError(`"${word}" is no address and no network, as in 192.0.2.1 or 2001:db8::/32`);
    const { admin } = await openKept(rest, context);
    try {
      const argument = { network: formatCidr(cidr) };
      const answer = (await admin.call(RULES_COMPONENT, RULE_OPERATIONS.explain, argument)) as Explanation;
      context.stdout(asJson ? json(answer) : text(answer));
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};

function json(answer: Explanation): string {
  const withTimes = (key: string, value: unknown) =>
    TIMES.has(key) && typeof value === 'number' ? isoTime(value) : value;
  return `${JSON.stringify(answer, withTimes, 2)}\n`;
}

function text({ network, at, instances, scanned, history }: Explanation): string {
  const parts = [`${network} at ${isoTime(at)}\n`];
  if (instances.length === 0) parts.push('No Couic has sent a report yet.\n');
  for (const instance of instances) parts.push(about(instance));
  if (scanned > 0)
    parts.push(`Looked through ${counted(scanned, 'rules')}, all there are, for networks inside of it.\n`);
  parts.push(past(history));
  return parts.join('\n');
}

function about({ instance, verdict, rules, inside, compared }: InstanceExplanation): string {
  const lines = [`${instance}: ${VERDICTS[verdict](rules)}${exceptions(verdict, inside)}\n`];
  if (rules.length > 0) lines.push(indented(ruleTable(rules)));
  const within = inside.drop + inside.ignore;
  if (within > 0) {
    const which = inside.shown.length < within ? `, of which ${inside.shown.length} are shown` : '';
    lines.push(`  Rules for networks inside of it: ${inside.drop} drop, ${inside.ignore} ignore${which}\n`);
    lines.push(indented(ruleTable(inside.shown)));
  }
  lines.push(`  ${comparison(compared)}\n`);
  return lines.join('');
}

const VERDICTS: Readonly<Record<InstanceExplanation['verdict'], (rules: readonly ShownRule[]) => string>> = {
  ignore: ([rule, ...others]) => {
    const drops = others.some(({ policy }) => policy === 'drop') ? '; its drop rules do not count then' : '';
    return `let through by an ignore rule for ${rule!.network}, which Couic asks first${drops}`;
  },
  drop: ([rule]) => `blocked by a drop rule for ${rule!.network}`,
  partly: () => 'no rule holds for all of it, but some do for parts',
  none: () => 'no rule in force, packets pass',
};

/** What a rule for the whole does not reach. */
function exceptions(verdict: InstanceExplanation['verdict'], { ignore }: InstanceExplanation['inside']): string {
  return verdict === 'drop' && ignore > 0 ? ', but for what ignore rules inside of it let through' : '';
}

function comparison(compared: InstanceExplanation['compared']): string {
  if (compared === null)
    return "Never compared with Couic's own list: rules of its peers and set files, of which no report tells, are not known here (receiver couic_api)";
  const apart = compared.drift === 0 ? 'no difference' : `${counted(compared.drift, 'rules')} apart`;
  return `Compared with Couic's own list at ${isoTime(compared.at)}: ${apart}`;
}

function ruleTable(rules: readonly ShownRule[]): string {
  return table([
    ['policy', 'network', 'tag', 'since', 'until'],
    ...rules.map(({ policy, network, tag, since, until }) => [
      policy,
      network,
      tag ?? '-',
      isoTime(since),
      isoEnd(until),
    ]),
  ]);
}

function past({ events, from, truncated, partial, problem }: History): string {
  const reach =
    from === null ? 'The log holds no entry since the last snapshot' : `The log was read back to ${isoTime(from)}`;
  const more = partial && problem === undefined ? ', and goes back further' : '';
  const failed = problem === undefined ? '' : `; it could not be read: ${problem}`;
  const cut = truncated ? `; the newest ${events.length} are shown` : '';
  const heading = `${reach}${more}${failed}${events.length === 0 ? ': nothing in it is of this network' : cut}.\n`;
  if (events.length === 0) return heading;
  return `${heading}${indented(
    table([
      ['time', 'instance', 'what', 'policy', 'network', 'tag', 'kind', 'until'],
      ...events.map(({ time, instance, what, policy, network, tag, kind, until }) => [
        isoTime(time),
        instance,
        what,
        policy,
        network,
        tag ?? '-',
        kind === null ? '-' : printable(kind),
        isoEnd(until),
      ]),
    ]),
  )}`;
}

function indented(lines: string): string {
  return lines.replace(/^(?=.)/gm, '  ');
}
