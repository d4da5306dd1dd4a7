import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { parseComponentId } from '../../../../src/config/component-id.ts';
import { reason } from '../../../../src/config/expand.ts';
import { KEY, KEY_RULE } from '../options.ts';
import { MOST_KEYS } from './config.ts';

/** What one of several bouncers tells of: series of resources that have this value. */
export interface Only {
  readonly attribute: string;
  readonly value: string;
  /** Values of all bouncers of the section, with the first of them: it says what belongs to none. */
  readonly known: readonly string[] | undefined;
}

interface PerConfig {
  readonly per?: string | undefined;
  readonly keys?: Readonly<Record<string, string>> | undefined;
  readonly keys_file?: string | undefined;
  readonly api_key: string;
  readonly metrics?: readonly unknown[] | undefined;
}

export function perProblems(config: PerConfig): { option: string; message: string }[] {
  const { per, keys, keys_file, api_key, metrics } = config;
  if (per === undefined) {
    return (['keys', 'keys_file'] as const)
      .filter((option) => config[option] !== undefined)
      .map((option) => ({ option, message: 'goes with per, which says of what these are the keys' }));
  }
  const problems: { option: string; message: string }[] = [];
  if ((keys === undefined) === (keys_file === undefined))
    problems.push({
      option: 'per',
      message: 'needs keys or keys_file, one of them: cscli bouncers add NAME for each value',
    });
  if (api_key !== '')
    problems.push({ option: 'api_key', message: 'leave it out: with per each value has a key of its own' });
  if (metrics === undefined)
    problems.push({ option: 'per', message: 'needs metrics: Couic instances are told apart by instances' });
  const problem = keys && keysProblem(keys);
  if (problem !== undefined) problems.push({ option: 'keys', message: problem });
  return problems;
}

/** The exporters of a section with `per`, each for one value. @throws Error when the file cannot be used; it holds none of its text. */
export function splitByKey<Config extends PerConfig & { readonly dry_run: boolean }>(
  config: Config,
): { name: string; config: Config & { only: Only } }[] | undefined {
  const { per, keys, keys_file } = config;
  if (per === undefined) return undefined;
  const all = keys ?? readKeys(keys_file!);
  const known = Object.keys(all);
  return known.map((value, index) => ({
    name: value,
    config: {
      ...config,
      per: undefined,
      keys: undefined,
      keys_file: undefined,
      api_key: all[value]!,
      only: { attribute: per, value, known: index === 0 ? known : undefined },
    },
  }));
}

function readKeys(file: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`keys_file: cannot read ${file}: ${reason(error)}`);
  }
  let keys: unknown;
  try {
    keys = parse(text);
  } catch {
    // The library's words may hold a key.
  }
  if (typeof keys !== 'object' || keys === null || Array.isArray(keys))
    throw new Error(`keys_file: ${file} holds no map: expected lines as in "gate-1": "KEY"`);
  if (Object.values(keys).some((key) => typeof key !== 'string'))
    throw new Error(`keys_file: ${file} has a key that is no text: put keys in quotes`);
  const problem = keysProblem(keys as Record<string, string>);
  if (problem !== undefined) throw new Error(`keys_file: ${file}: ${problem}`);
  return keys as Record<string, string>;
}

/** Names values, and no key. */
function keysProblem(keys: Readonly<Record<string, string>>): string | undefined {
  const values = Object.keys(keys);
  if (values.length === 0) return 'holds no key';
  if (values.length > MOST_KEYS) return `takes at most ${MOST_KEYS} keys`;
  const odd = values.find((value) => parseComponentId(`crowdsec/${value}`) === undefined);
  if (odd !== undefined) return `"${odd}" cannot be a part of a name: it has a space or a symbol`;
  const bad = values.find((value) => keys[value] === '' || !KEY.test(keys[value]!));
  return bad === undefined ? undefined : `the key of "${bad}" ${keys[bad] === '' ? 'is empty' : KEY_RULE}`;
}
