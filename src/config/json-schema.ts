import { type ZodType, z } from 'zod';
import type { Path } from './problem.ts';

/** What is used of JSON Schema: the shape of the input, with its defaults as a user would write them. */
export interface InputSchema {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, InputSchema>>;
  readonly additionalProperties?: boolean | InputSchema;
  readonly items?: InputSchema;
  readonly anyOf?: readonly InputSchema[];
  readonly oneOf?: readonly InputSchema[];
  readonly allOf?: readonly InputSchema[];
}

const cache = new WeakMap<ZodType, InputSchema>();

export function inputSchemaOf(schema: ZodType): InputSchema {
  let described = cache.get(schema);
  if (!described) {
    described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as InputSchema;
    cache.set(schema, described);
  }
  return described;
}

function alternatives(schema: InputSchema): InputSchema[] {
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [schema, ...parts.flatMap(alternatives)];
}

function step(schema: InputSchema, key: string | number): InputSchema | undefined {
  if (typeof key === 'number') return schema.items;
  const other = schema.additionalProperties;
  return schema.properties?.[key] ?? (typeof other === 'object' ? other : undefined);
}

/** Names of options. One that takes nothing (`z.undefined()`) is there only to say why it is refused: it is left out. */
function optionNames(schema: InputSchema): string[] {
  const properties = Object.entries(schema.properties ?? {});
  return properties.filter(([, option]) => Object.keys(option).length > 0).map(([name]) => name);
}

/** The option names that a map at this path may have. */
export function knownKeys(schema: ZodType, path: Path): string[] {
  let schemas = alternatives(inputSchemaOf(schema));
  for (const key of path) schemas = schemas.flatMap((each) => step(each, key) ?? []).flatMap(alternatives);
  return [...new Set(schemas.flatMap((each) => optionNames(each)))];
}
