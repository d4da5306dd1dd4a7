import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { type InputSchema, inputSchemaOf } from '../../src/config/json-schema.ts';
import { retrySchema } from '../../src/config/retry.ts';
import { serviceSchema } from '../../src/config/service-schema.ts';
import { tlsClientSchema, tlsServerSchema } from '../../src/config/tls.ts';
import { STALE, table, withBlock } from './markdown.ts';

const PATH = 'docs/configuration.md';
const reference = readFileSync(PATH, 'utf8');

/** `telemetry.logs.level` and its default, of everything that is not itself a map of options. */
function options(schema: InputSchema, prefix = ''): { name: string; default: unknown }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, option]) =>
    option.properties ? options(option, `${prefix}${key}.`) : [{ name: `${prefix}${key}`, default: option.default }],
  );
}

describe('docs/configuration.md has every shared option with its default', () => {
  const all = [serviceSchema, tlsServerSchema, tlsClientSchema, retrySchema].flatMap((schema) =>
    options(inputSchemaOf(schema)),
  );
  test.each(all)('$name', ({ name, default: value }) => {
    const entry = reference.split('\n').find((line) => line.startsWith('- ') && line.includes(`\`${name}\``));
    expect(entry).toBeDefined();
    if (value === undefined || typeof value === 'boolean') return;
    const shown =
      name.endsWith('version') || Array.isArray(value) || typeof value === 'object' ? JSON.stringify(value) : value;
    const text = `\`${name}\` (default = \`${shown}\``;
    expect(reference.includes(text), `docs/configuration.md needs ${text}`).toBe(true);
  });
});

test('docs/configuration.md has every component with its page', async () => {
  const rows = (['receiver', 'exporter', 'extension'] as const).flatMap((kind) =>
    factories
      .filter((factory) => factory.kind === kind)
      .map(({ type, summary }, index) => [
        index === 0 ? `\`${kind}s\`` : '',
        `[\`${type}\`](../plugins/${kind}s/${type}/README.md)`,
        summary,
      ]),
  );
  const written = withBlock(reference, PATH, 'components', table([['section', 'type', 'what it does'], ...rows]));
  await expect(written, STALE).toMatchFileSnapshot(`../../${PATH}`);
});
