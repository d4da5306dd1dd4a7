import { TOOL_NAMES, type Tools } from './tool.ts';

export interface CheckResult {
  /** Titles of the suites around it, outermost first, and its own. */
  readonly titles: readonly string[];
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or what it counted. */
  readonly notes: readonly string[];
}

export interface Summary {
  readonly node: string;
  readonly tools: Tools;
  readonly checks: readonly CheckResult[];
}

const MARKS = { passed: '✓', failed: '✗', skipped: '–' } as const;

/** The summary as Markdown, which also reads well in a terminal. No durations: it is kept in git. */
export function renderSummary({ node, tools, checks }: Summary): string {
  const count = (state: CheckResult['state']) => checks.filter((check) => check.state === state).length;
  const lines = ['| tool | what ran |', '|---|---|', `| node | ${node} |`];
  for (const name of TOOL_NAMES) {
    const tool = tools[name];
    lines.push(`| ${name} | ${tool.found ? tool.version : `missing: ${tool.reason}`} |`);
  }
  let suite = '';
  for (const check of checks) {
    const outer = check.titles.slice(0, -1).join(' › ');
    if (outer !== suite) lines.push('', `**${outer}**`);
    suite = outer;
    lines.push(`- ${MARKS[check.state]} ${check.titles.at(-1)}${check.notes.map((note) => `. ${note}`).join('')}`);
  }
  lines.push('', `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  return `${lines.join('\n')}\n`;
}
