import { stringify } from 'yaml';
import type { ZodType } from 'zod';
import { type InputSchema, inputSchemaOf } from '../../src/config/json-schema.ts';
import { table } from './markdown.ts';

/** What a schema says of an option beside its shape: `.describe()`, or `.meta({ description, otherwise })`. */
interface OptionSchema extends InputSchema {
  readonly description?: string;
  /** What holds when an option without a default is left out. */
  readonly otherwise?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly items?: OptionSchema;
}

export interface Option {
  /** `instances[].token`. */
  readonly name: string;
  /** As the table shows it. */
  readonly default: string;
  /** Empty when the schema says nothing. */
  readonly meaning: string;
}

/** Every option of a component, a map of options before what is in it. */
export function optionsOf(schema: ZodType): Option[] {
  return below(inputSchemaOf(schema) as OptionSchema, '');
}

function below({ properties = {}, required = [] }: OptionSchema, prefix: string): Option[] {
  return Object.entries(properties)
    .filter(([, option]) => Object.keys(option).length > 0)
    .flatMap(([key, option]) => {
      const name = `${prefix}${key}`;
      const inner = option.properties
        ? below(option, `${name}.`)
        : option.items?.properties
          ? below(option.items, `${name}[].`)
          : [];
      const { description: meaning = '' } = option;
      // A map that is only there to hold others needs no words.
      if (option.properties && meaning === '') return inner;
      return [{ name, default: defaultOf(option, required.includes(key)), meaning }, ...inner];
    });
}

function defaultOf(option: OptionSchema, isRequired: boolean): string {
  if (option.otherwise !== undefined) return option.otherwise;
  if (isRequired) return 'required';
  if (option.default === undefined) return 'none';
  if (option.properties) return '';
  const text = stringify(option.default, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 });
  return `\`${text.trim()}\``;
}

export function optionTable(options: readonly Option[]): string {
  return table([
    ['setting', 'default', 'meaning'],
    ...options.map((each) => [`\`${each.name}\``, each.default, each.meaning]),
  ]);
}
