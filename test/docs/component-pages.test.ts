import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { factories } from '../../src/components.ts';
import { isSecret } from '../../src/config/redact.ts';
import { STALE, withBlock } from './markdown.ts';
import { metricTable } from './metric-text.ts';
import { optionsOf, optionTable } from './option-table.ts';

/** The page, or what one begins with: a component without it fails alone, and is told what to write. */
function pageAt(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** `instances[].token`: `instances`, `*`, `token`. */
const stepsOf = (name: string) => name.replaceAll('[]', '.*').split('.');

/** What is at that place of a configuration; of lists in the first of them. */
function valueAt(config: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>(
    (value, step) => (value as Record<string, unknown> | undefined)?.[step === '*' ? '0' : step],
    config,
  );
}

describe.each(factories.map((factory) => [`${factory.kind} ${factory.type}`, factory] as const))(
  'the page of %s',
  (_, { kind, type, schema, metrics, secrets = [] }) => {
    const path = `plugins/${kind}s/${type}/README.md`;
    const page = pageAt(path);
    const options = optionsOf(schema);

    test('is there', () => {
      expect(page, `${path} is missing: what it is for, its YAML, and the two lines of each block`).not.toBe('');
    });

    test('has the settings of its schema, and what it counts of its own', async () => {
      let written = withBlock(page, path, 'settings', optionTable(options));
      if (metrics) written = withBlock(written, path, 'metrics', metricTable(metrics));
      await expect(written, STALE).toMatchFileSnapshot(`../../${path}`);
    });

    test('says what each setting means: .describe() in its schema', () => {
      expect(options.filter(({ meaning }) => meaning === '').map(({ name }) => name)).toEqual([]);
    });

    test('shows every default, written as in a configuration', () => {
      const given = parse(readFileSync(`test/plugins/${kind}s/${type}/least.yaml`, 'utf8'));
      const taken = schema.parse(given);
      const hidden = options
        .filter((option) => option.default === 'none' && valueAt(given, stepsOf(option.name)) === undefined)
        .filter(({ name }) => valueAt(taken, stepsOf(name)) !== undefined)
        .map(({ name }) => name);
      const advice = 'the schema makes something else of what is written: give it as the user would, .prefault("30s")';
      expect(hidden, advice).toEqual([]);
    });

    test('shows no secret: what says that it is one stands in `secrets` of its factory, and nothing else does', () => {
      const said = options.filter(({ meaning }) => /\bsecret\b/i.test(meaning)).map(({ name }) => name);
      const shown = said.filter((name) => !isSecret([...stepsOf(name), 'a value below it'], secrets));
      expect(shown, `print-config would show them: name them in secrets of factory.ts`).toEqual([]);
      const known = options.flatMap(({ name }) => [stepsOf(name).join('.'), [...stepsOf(name), '*'].join('.')]);
      const unknown = secrets.map((path) => path.join('.')).filter((path) => !known.includes(path));
      expect(unknown, 'secrets of factory.ts names options that are not there').toEqual([]);
    });

    test('shows the YAML first', () => {
      const advice = `${path}: below what it is for, and above the first heading "## ", write a block \`\`\`yaml that configures it`;
      const [beginning = ''] = page.split(/^## /m);
      expect(beginning.indexOf('```yaml') > 0, advice).toBe(true);
    });
  },
);
