import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { STALE, withBlock } from './markdown.ts';
import { metricTable } from './metric-text.ts';
import { optionsOf, optionTable } from './option-table.ts';

describe.each(factories.map((factory) => [`${factory.kind} ${factory.type}`, factory] as const))(
  'the page of %s',
  (_, { kind, type, schema, metrics }) => {
    const path = `plugins/${kind}s/${type}/README.md`;
    const page = readFileSync(path, 'utf8');
    const options = optionsOf(schema);

    test('has the settings of its schema, and what it counts of its own', async () => {
      let written = withBlock(page, path, 'settings', optionTable(options));
      if (metrics) written = withBlock(written, path, 'metrics', metricTable(metrics));
      await expect(written, STALE).toMatchFileSnapshot(`../../${path}`);
    });

    test('says what each setting means: .describe() in its schema', () => {
      expect(options.filter(({ meaning }) => meaning === '').map(({ name }) => name)).toEqual([]);
    });

    test('shows the YAML first', () => {
      expect(page.indexOf('```yaml')).toBeGreaterThan(0);
      expect(page.indexOf('```yaml')).toBeLessThan(page.search(/^## /m) >>> 0);
    });
  },
);
