import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { retrySchema } from '../../src/config/retry.ts';
import { serviceSchema } from '../../src/config/service-schema.ts';
import { tlsClientSchema, tlsServerSchema } from '../../src/config/tls.ts';
import { STALE, table, withBlock } from './markdown.ts';
import { optionsOf, optionTable } from './option-table.ts';

const PATH = 'docs/configuration.md';

const shared = {
  service: serviceSchema,
  'TLS for listeners': tlsServerSchema,
  'TLS for clients': tlsClientSchema,
  retries: retrySchema,
};

test('docs/configuration.md has every component with its page, and the settings that are of no component', async () => {
  const components = (['receiver', 'exporter', 'extension'] as const).flatMap((kind) =>
    factories
      .filter((factory) => factory.kind === kind)
      .map(({ type, summary }, index) => [
        index === 0 ? `\`${kind}s\`` : '',
        `[\`${type}\`](../plugins/${kind}s/${type}/README.md)`,
        summary,
      ]),
  );
  let page = readFileSync(PATH, 'utf8');
  page = withBlock(page, PATH, 'components', table([['section', 'type', 'what it does'], ...components]));
  for (const [name, schema] of Object.entries(shared)) {
    page = withBlock(page, PATH, `settings of ${name}`, optionTable(optionsOf(schema)));
  }
  await expect(page, STALE).toMatchFileSnapshot(`../../${PATH}`);
});

test.each(Object.entries(shared))('every setting of %s says what it means', (_, schema) => {
  expect(optionsOf(schema).filter(({ meaning }) => meaning === '')).toEqual([]);
});
