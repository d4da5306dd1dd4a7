import type { Admin } from '../service/admin/admin.ts';
import {
  RULE_OPERATIONS,
  RULES_COMPONENT,
  type RuleFilter,
  type RulePage,
  type ShownRule,
} from '../service/admin/rules.ts';
import { type Command, UsageError } from './command.ts';
import { CONFIG_USAGE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { openKept, STATE_HELP, STATE_USAGE } from './open-admin.ts';
import { isoTime } from './shown-time.ts';
import { table, widthsOf } from './table.ts';
import { takeOption } from './take-options.ts';

const FORMATS = ['table', 'json', 'csv'] as const;
type Format = (typeof FORMATS)[number];

const COLUMNS = ['instance', 'policy', 'network', 'tag', 'since', 'until'];

/** Lists the rules in force, page by page: there may be millions. */
export const rulesCommand: Command = {
  name: 'rules',
  summary: 'List the rules in force',
  usage: `[--instance NAME] [--tag TAG] [--policy drop|ignore] [--format table|json|csv] ${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
  --instance NAME   Of one Couic.
  --tag TAG         With this tag; "untagged" for those without one.
  --policy POLICY   drop or ignore.
  --format FORMAT   table, which is the default; json, an array with a rule a line; csv.
${STATE_HELP}
In no order. The bridge goes on meanwhile: a rule that comes or goes while the list is written may be in it or not. Works
while the bridge runs, as its user or as root; and while it does not, on its state.
`,
  async run(args, context) {
    const rest = [...args];
    const { format, filter } = readWanted(rest);
    const { admin } = await openKept(rest, context);
    try {
      const write = WRITERS[format]();
      for await (const rules of pages(admin, filter)) {
        const text = write.page(rules);
        if (text !== '' && !(await context.stdout(text))) return EXIT.ok;
      }
      const end = write.end();
      if (end !== '') context.stdout(end);
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};

/** @throws UsageError */
function readWanted(rest: string[]): { format: Format; filter: RuleFilter } {
  const instance = takeOption(rest, '--instance');
  const tag = takeOption(rest, '--tag');
  const policy = takeOption(rest, '--policy');
  const format = takeOption(rest, '--format') ?? 'table';
  if (!isFormat(format)) throw new UsageError(`--format ${format}: expected ${FORMATS.join(', ')}`);
  if (policy !== undefined && policy !== 'drop' && policy !== 'ignore')
    throw new UsageError(`--policy ${policy}: expected drop or ignore`);
  const filter = { ...(instance !== undefined && { instance }), ...(tag !== undefined && { tag }) };
  return { format, filter: policy === undefined ? filter : { ...filter, policy } };
}

function isFormat(word: string): word is Format {
  return (FORMATS as readonly string[]).includes(word);
}

async function* pages(admin: Admin, filter: RuleFilter): AsyncGenerator<readonly ShownRule[]> {
  for (let from: number | null = 0; from !== null; ) {
    const page = (await admin.call(RULES_COMPONENT, RULE_OPERATIONS.list, { ...filter, from })) as RulePage;
    yield page.rules;
    from = page.next;
  }
}

interface Writer {
  page(rules: readonly ShownRule[]): string;
  end(): string;
}

const WRITERS: Readonly<Record<Format, () => Writer>> = {
  table() {
    let widths: number[] = [];
    return {
      page(rules) {
        if (rules.length === 0) return '';
        const rows = rules.map((rule) => cells(rule).map((cell) => (cell === '' ? '-' : cell)));
        const all = widths.length === 0 ? [COLUMNS, ...rows] : rows;
        widths = widthsOf(all, widths);
        return table(all, widths);
      },
      end: () => (widths.length === 0 ? 'No rule is in force.\n' : ''),
    };
  },
  json() {
    let isFirst = true;
    return {
      page(rules) {
        const lines = rules.map((rule) => {
          const before = isFirst ? '[\n' : ',\n';
          isFirst = false;
          return `${before}${JSON.stringify(shownTimes(rule))}`;
        });
        return lines.join('');
      },
      end: () => (isFirst ? '[]\n' : '\n]\n'),
    };
  },
  csv() {
    let header = `${COLUMNS.join(',')}\n`;
    return {
      page(rules) {
        const lines = header + rules.map((rule) => `${cells(rule).map(quoted).join(',')}\n`).join('');
        header = '';
        return lines;
      },
      end: () => header,
    };
  },
};

function shownTimes({ since, until, ...rule }: ShownRule): object {
  return { ...rule, since: isoTime(since), until: until === null ? null : isoTime(until) };
}

/** An empty one where there is nothing. */
function cells({ instance, policy, network, tag, since, until }: ShownRule): string[] {
  return [instance, policy, network, tag ?? '', isoTime(since), until === null ? '' : isoTime(until)];
}

/** As RFC 4180 has it. */
function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
