import { stringify } from 'yaml';
import type { ZodType } from 'zod';
import { withShownUrls } from '../telemetry/shown-url.ts';
import { type InputSchema, inputSchemaOf } from './json-schema.ts';
import type { LoadedConfig } from './load-config.ts';
import { isSecret, REDACTED } from './redact.ts';
import { serviceSchema } from './service-schema.ts';
import { nodeAt, type TreeNode, toValue } from './tree.ts';

/** The configuration as YAML: merged, with every default, secrets redacted. Components that are not used are left out. */
export function renderConfig({ config, tree }: LoadedConfig): string {
  const section = (kind: 'receivers' | 'exporters' | 'extensions') =>
    Object.fromEntries(
      config[kind].map(({ id, section: written = id, factory }) => [
        written,
        render(nodeAt(tree, [kind, written]), factory.schema, factory.secrets ?? []),
      ]),
    );
  return stringify({
    receivers: section('receivers'),
    exporters: section('exporters'),
    extensions: section('extensions'),
    service: render(nodeAt(tree, ['service']), serviceSchema, []),
  });
}

function render(node: TreeNode | undefined, schema: ZodType, secrets: readonly (readonly string[])[]): unknown {
  const value = (node && toValue(node)) ?? {};
  return hideSecrets(withDefaults(value, inputSchemaOf(schema)), [], node, secrets);
}

/** Adds what the schema would: the defaults of options that are not there, in the form a user writes them. */
function withDefaults(value: unknown, schema: InputSchema | undefined): unknown {
  const given = value ?? schema?.default;
  if (Array.isArray(given)) return given.map((item) => withDefaults(item, schema?.items));
  if (typeof given !== 'object' || given === null) return given;
  const rest = typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const keys = new Set([...Object.keys(given), ...Object.keys(schema?.properties ?? {})]);
  const entries = [...keys].map((key): [string, unknown] => [
    key,
    withDefaults((given as Record<string, unknown>)[key], schema?.properties?.[key] ?? rest),
  ]);
  return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
}

function hideSecrets(
  value: unknown,
  path: readonly (string | number)[],
  root: TreeNode | undefined,
  secrets: readonly (readonly string[])[],
): unknown {
  if (Array.isArray(value)) return value.map((item, index) => hideSecrets(item, [...path, index], root, secrets));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, hideSecrets(item, [...path, key], root, secrets)]),
    );
  }
  if (value === '' || value === undefined) return value;
  const fromFile = root && nodeAt(root, path)?.from?.some((reference) => reference.startsWith('${file:'));
  if (fromFile || isSecret(path, secrets)) return REDACTED;
  // A dollar doubled, so that what is printed is a configuration that gives the same.
  return typeof value === 'string' ? withShownUrls(value).replaceAll('$', '$$$$') : value;
}
