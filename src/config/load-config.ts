import type { AnyFactory } from '../service/component.ts';
import { hiddenInUrl } from '../telemetry/shown-url.ts';
import type { BridgeConfig } from './bridge-config.ts';
import { checkConfig } from './check-config.ts';
import type { ReferenceSources } from './expand.ts';
import { ConfigError, type Problem } from './problem.ts';
import { isSecret } from './redact.ts';
import { mergeAll, readSetting, readSource, sourceName } from './sources.ts';
import { nodeAt, type TreeNode, walk } from './tree.ts';

interface LoadOptions extends ReferenceSources {
  /** `--config`, in order; later ones win. At least one. */
  readonly configs: readonly string[];
  /** `--set`, in order, over all files. */
  readonly sets: readonly string[];
  readonly factories: readonly AnyFactory[];
}

export interface LoadedConfig {
  readonly config: BridgeConfig;
  readonly warnings: readonly Problem[];
  /** The merged configuration as written, with positions. */
  readonly tree: TreeNode;
  /** Values that no log may hold: those of secret options, and what a URL may hold beside its host. */
  readonly secrets: readonly string[];
}

/**
 * Reads, merges and checks the configuration.
 * @throws ConfigError with every problem: of reading, or when everything could be read, of what it says.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  refuseDuplicateTypes(options.factories);
  const problems: Problem[] = [];
  const report = (problem: Problem) => void problems.push(problem);
  const { env, readFile, seen } = options;
  const context = { env, readFile, ...(seen && { seen }), report };
  const read = [
    ...options.configs.map((location) => readSource(location, context)),
    ...options.sets.map((setting) => readSetting(setting, context)),
  ];
  const tree = mergeAll(read, report);
  const complete = read.every((each) => each !== undefined);
  const config = tree && complete ? checkConfig(tree, options.factories, report) : undefined;
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (!config || !tree || errors.length > 0) throw new ConfigError(inOrder(errors, options.configs));
  return { config, tree, secrets: secretsIn(tree, config), warnings: inOrder(problems, options.configs) };
}

function secretsIn(tree: TreeNode, config: BridgeConfig): string[] {
  const found: string[] = [];
  for (const kind of ['receivers', 'exporters', 'extensions'] as const) {
    for (const { id, section: whole = id, factory, config: own } of config[kind]) {
      // What a file gave is not in the tree.
      for (const [option] of whole === id ? [] : (factory.secrets ?? [])) found.push(...textIn(own, option));
      const section = nodeAt(tree, [kind, whole]);
      for (const { node, path } of section ? walk(section) : []) {
        if (node.kind !== 'scalar' || node.value === null) continue;
        const text = node.raw ?? String(node.value);
        if (isSecret(path, factory.secrets ?? [])) found.push(text);
        else found.push(...hiddenInUrl(text));
      }
    }
  }
  return found;
}

function textIn(config: unknown, option: string | undefined): string[] {
  const value = option === undefined ? undefined : (config as Readonly<Record<string, unknown>>)[option];
  return typeof value === 'string' && value !== '' ? [value] : [];
}

/** By line within each source; files in the order they were given, then `--set`. */
function inOrder(problems: readonly Problem[], configs: readonly string[]): Problem[] {
  const sources = configs.map(sourceName);
  const rank = ({ at }: Problem) => (sources.includes(at.source) ? sources.indexOf(at.source) : sources.length);
  return problems.toSorted((a, b) => rank(a) - rank(b) || (a.at.line ?? 0) - (b.at.line ?? 0));
}

/** A mistake in the list of components, not in a file. */
function refuseDuplicateTypes(factories: readonly AnyFactory[]): void {
  const seen = new Set<string>();
  for (const { kind, type, aliases = [] } of factories) {
    for (const name of [type, ...aliases]) {
      if (seen.has(`${kind} ${name}`)) throw new Error(`the list of components has two ${kind}s of type "${name}"`);
      seen.add(`${kind} ${name}`);
    }
  }
}
