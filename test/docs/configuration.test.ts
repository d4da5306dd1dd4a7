import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { type InputSchema, inputSchemaOf } from '../../src/config/json-schema.ts';
import { retrySchema } from '../../src/config/retry.ts';
import { serviceSchema } from '../../src/config/service-schema.ts';
import { tlsClientSchema, tlsServerSchema } from '../../src/config/tls.ts';

const reference = readFileSync('docs/configuration.md', 'utf8');

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

describe('the table of components', () => {
  test.each(factories.map(({ kind, type }) => [kind, type]))('links the page of %s %s', (kind, type) => {
    const link = `[\`${type}\`](../plugins/${kind}s/${type}/README.md)`;
    expect(reference.includes(link), `docs/configuration.md needs ${link} in its table of components`).toBe(true);
  });
});
