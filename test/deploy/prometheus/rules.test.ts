import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { unknownWords } from '../../support/prometheus-names.ts';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface AlertCase {
  readonly alertname: string;
  readonly exp_alerts?: readonly unknown[];
}

const deploy = new URL('../../../deploy/prometheus/', import.meta.url);
const rules = readRules('couic-alerts.rules.yml');
const recorded = readRules('couic-recording.rules.yml');
const cases = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.test.yml'))
  .flatMap((file) => parse(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')).tests)
  .flatMap((entry): AlertCase[] => entry.alert_rule_test ?? []);

describe.each(rules)('$alert', ({ alert, expr, labels, annotations }) => {
  test('says how bad it is, what it is, and what to do', () => {
    expect(labels?.severity).toMatch(/^(critical|warning|info)$/);
    expect(annotations?.summary).toBeTruthy();
    expect(annotations?.description).toMatch(/\.$/);
    expect(annotations?.runbook_url).toBe(`docs/runbooks.md#${alert?.toLowerCase()}`);
  });

  test('has a section in the runbooks', () => {
    const runbooks = readFileSync(new URL('../../docs/runbooks.md', deploy), 'utf8');
    const row = new RegExp(`^\\| \\[${alert}\\]\\(#${alert?.toLowerCase()}\\) +\\| ${labels?.severity} `, 'm');
    const line = `| [${alert}](#${alert?.toLowerCase()}) | ${labels?.severity} | is data lost? |`;
    expect(row.test(runbooks), `docs/runbooks.md needs in its table: ${line}`).toBe(true);
    const section = runbooks.split(/^## /m).find((text) => text.startsWith(`${alert}\n`)) ?? '';
    expect(
      /\*\*What it means\.\*\*.+\*\*What to do\.\*\*/s.test(section),
      `docs/runbooks.md needs a section "## ${alert}" with **What it means.** and **What to do.**`,
    ).toBe(true);
  });

  test('has a case in which it fires and one in which it keeps quiet', () => {
    const own = cases.filter((entry) => entry.alertname === alert);
    const where = `a file test/deploy/prometheus/*.test.yml needs a case of ${alert} in which it`;
    expect(
      own.some((entry) => entry.exp_alerts !== undefined),
      `${where} fires`,
    ).toBe(true);
    expect(
      own.some((entry) => entry.exp_alerts === undefined),
      `${where} keeps quiet`,
    ).toBe(true);
  });

  test('asks for nothing the bridge does not give', () => {
    expect(unknownWords(expr, new Set(recorded.map((rule) => rule.record ?? '')))).toEqual([]);
  });
});

test.each(recorded)('$record records what the bridge gives', ({ expr }) => {
  expect(unknownWords(expr)).toEqual([]);
});

function readRules(file: string): Rule[] {
  const { groups } = parse(readFileSync(new URL(file, deploy), 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}
