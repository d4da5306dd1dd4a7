import { reason } from './expand.ts';
import { parseYaml, type YamlContext } from './parse-yaml.ts';
import type { Problem } from './problem.ts';
import { mergeTrees, type TreeNode, walk } from './tree.ts';

const EMPTY =
  'the configuration is empty: it needs receivers, exporters and service, as the shipped otel-config.yaml shows';

/** Of at least two letters; other schemes than these are the Collector's. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/;

/** How messages name what one `--config` gave: without what was given itself, which may be a secret, by a slip too. */
export function sourceName(location: string): string {
  const scheme = SCHEME.exec(location)?.[1];
  if (scheme === 'file') return location.slice(5);
  return scheme === undefined || scheme === 'env' ? location : `${scheme}:`;
}

/**
 * Reads one `--config`: a path, or as in the Collector `file:PATH`, `env:NAME` (the variable holds the YAML) or
 * `yaml:TEXT`, in which `::` joins keys: `yaml:exporters::prometheus::endpoint: 127.0.0.1:9464`.
 * @returns undefined when it cannot be read; the problems are reported.
 */
export function readSource(location: string, context: YamlContext): TreeNode | undefined {
  const source = sourceName(location);
  const fail = (message: string): undefined => {
    context.report({ severity: 'error', at: { source }, path: [], message });
  };
  const text = readLocation(location, context, fail);
  if (text === undefined) return undefined;
  const parsed = parseYaml(text, source, context);
  const tree = parsed && source === 'yaml:' ? withJoinedKeys(parsed) : parsed;
  if (tree?.kind === 'scalar' && tree.value === null && !tree.broken) return fail(EMPTY);
  if (tree && tree.kind !== 'map')
    return fail('a configuration is a map with receivers, exporters, extensions and service');
  return tree;
}

function readLocation(
  location: string,
  context: YamlContext,
  fail: (message: string) => undefined,
): string | undefined {
  const scheme = SCHEME.exec(location)?.[1];
  const rest = location.slice((scheme?.length ?? -1) + 1);
  switch (scheme) {
    case 'yaml':
      return rest;
    case 'env': {
      const value = context.env[rest];
      return value ?? fail(`environment variable ${rest} is not set`);
    }
    case 'file':
    case undefined:
      try {
        return context.readFile(rest);
      } catch (error) {
        return fail(`cannot read the configuration: ${reason(error)}`);
      }
    case 'http':
    case 'https':
      return fail('the bridge fetches no configuration: have it fetched into a file first, and give the path of that');
    default:
      return fail('a configuration is the path of a file, file:PATH, env:NAME or yaml:TEXT');
  }
}

/** `{a::b: c}` as `{a: {b: c}}`, at every depth. */
function withJoinedKeys(node: TreeNode): TreeNode {
  if (node.kind !== 'map') return node;
  let whole: TreeNode = { ...node, entries: new Map() };
  for (const [key, { value }] of node.entries) {
    const nested = key.split('::').reduceRight<TreeNode>((below, step) => wrap(step, below), withJoinedKeys(value));
    whole = mergeTrees(whole, nested);
  }
  return whole;
}

/**
 * Reads one `--set KEY=VALUE`. The key's parts are joined by `.`, or by `::` so that a part may hold a dot; the value is YAML.
 * @returns undefined when it cannot be read; the problems are reported.
 */
export function readSetting(setting: string, context: YamlContext): TreeNode | undefined {
  const equals = setting.indexOf('=');
  const key = (equals === -1 ? setting : setting.slice(0, equals)).trim();
  const source = `--set ${key}`;
  const steps = key.split(key.includes('::') ? '::' : '.').flatMap(stepsOf);
  if (equals === -1 || steps.includes('')) {
    const message = 'expected KEY=VALUE, as in exporters.crowdsec.dry_run=false';
    // Without "=" the whole argument may be a value, so it is not shown.
    context.report({ severity: 'error', at: { source: equals === -1 ? '--set' : source }, path: [], message });
    return undefined;
  }
  const value = parseYaml(setting.slice(equals + 1), source, context, steps);
  return value && steps.reduceRight<TreeNode>((node, step) => wrap(step, node), value);
}

/** `instances[0]` as two steps. What is no index stays a part of the key. */
function stepsOf(part: string): (string | number)[] {
  const [, name, indexes] = /^([^[\]]+)((?:\[\d{1,6}\])+)$/.exec(part) ?? [];
  if (name === undefined || indexes === undefined) return [part];
  return [name, ...Array.from(indexes.matchAll(/\d+/g), ([index]) => Number(index))];
}

function wrap(key: string | number, value: TreeNode): TreeNode {
  if (typeof key === 'number') return { kind: 'item', at: value.at, index: key, value };
  return { kind: 'map', at: value.at, entries: new Map([[key, { keyAt: value.at, value }]]) };
}

/** Merges in order; later ones win. Undefined when there is none. @param report - takes items of lists that are not there. */
export function mergeAll(
  trees: readonly (TreeNode | undefined)[],
  report: (problem: Problem) => void,
): TreeNode | undefined {
  const tree = trees.reduce((base, over) => (base && over ? mergeTrees(base, over) : (over ?? base)), undefined);
  for (const { node, path } of tree ? walk(tree) : []) {
    if (node.kind !== 'item') continue;
    const message = `there is no item ${node.index} to set, nor a list that it would be the next of: lists begin with 0`;
    report({ severity: 'error', at: node.at, path, message });
  }
  return tree;
}
