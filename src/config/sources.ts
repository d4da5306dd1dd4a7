import { reason } from './expand.ts';
import { parseYaml, type YamlContext } from './parse-yaml.ts';
import { mergeTrees, type TreeNode } from './tree.ts';

const EMPTY =
  'the configuration is empty: it needs receivers, exporters and service, as the shipped otel-config.yaml shows';

/** How messages name what one `--config` gave. */
export function sourceName(location: string): string {
  return location.replace(/^file:/, '');
}

/**
 * Reads one `--config`: a path, or as in the Collector `file:PATH` or `env:NAME` (the variable holds the YAML).
 * @returns undefined when it cannot be read; the problems are reported.
 */
export function readSource(location: string, context: YamlContext): TreeNode | undefined {
  const source = sourceName(location);
  const fail = (message: string): undefined => {
    context.report({ severity: 'error', at: { source }, path: [], message });
  };
  let text: string;
  if (source.startsWith('env:')) {
    const value = context.env[source.slice(4)];
    if (value === undefined) return fail(`environment variable ${source.slice(4)} is not set`);
    text = value;
  } else {
    try {
      text = context.readFile(source);
    } catch (error) {
      return fail(`cannot read the configuration: ${reason(error)}`);
    }
  }
  const tree = parseYaml(text, source, context);
  if (tree?.kind === 'scalar' && tree.value === null && !tree.broken) return fail(EMPTY);
  if (tree && tree.kind !== 'map')
    return fail('a configuration is a map with receivers, exporters, extensions and service');
  return tree;
}

/**
 * Reads one `--set KEY=VALUE`. The key's parts are joined by `.`, or by `::` so that a part may hold a dot; the value is YAML.
 * @returns undefined when it cannot be read; the problems are reported.
 */
export function readSetting(setting: string, context: YamlContext): TreeNode | undefined {
  const equals = setting.indexOf('=');
  const key = (equals === -1 ? setting : setting.slice(0, equals)).trim();
  const source = `--set ${key}`;
  const steps = key.split(key.includes('::') ? '::' : '.');
  if (equals === -1 || steps.includes('')) {
    const message = 'expected KEY=VALUE, as in exporters.crowdsec.dry_run=false';
    // Without "=" the whole argument may be a value, so it is not shown.
    context.report({ severity: 'error', at: { source: equals === -1 ? '--set' : source }, path: [], message });
    return undefined;
  }
  const value = parseYaml(setting.slice(equals + 1), source, context, steps);
  return value && steps.reduceRight<TreeNode>((node, step) => wrap(step, node), value);
}

function wrap(key: string, value: TreeNode): TreeNode {
  return { kind: 'map', at: value.at, entries: new Map([[key, { keyAt: value.at, value }]]) };
}

/** Merges in order; later ones win. Undefined when there is none. */
export function mergeAll(trees: readonly (TreeNode | undefined)[]): TreeNode | undefined {
  return trees.reduce((base, over) => (base && over ? mergeTrees(base, over) : (over ?? base)), undefined);
}
