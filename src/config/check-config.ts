import type { AnyFactory } from '../service/component.ts';
import type { BridgeConfig, ConfiguredComponent } from './bridge-config.ts';
import { checkComponents, type DefinedComponent } from './check-components.ts';
import { findConflicts } from './check-conflicts.ts';
import { checkReferences } from './check-references.ts';
import { checkSection } from './check-section.ts';
import { collectorAdvice } from './collector-advice.ts';
import { describeUnknownKey } from './describe-issue.ts';
import { UNKNOWN_REFERENCE } from './expand.ts';
import { formatPath, type Path, type Problem } from './problem.ts';
import { isAt } from './redact.ts';
import { serviceSchema } from './service-schema.ts';
import { splitOf, withParts } from './split.ts';
import { positionOf, type TreeNode, walk } from './tree.ts';

const SECTIONS = ['receivers', 'exporters', 'extensions', 'service'];

/**
 * Checks a whole configuration. Everything that is wrong is reported, not only the first.
 * @returns undefined when anything was.
 */
export function checkConfig(
  tree: TreeNode,
  factories: readonly AnyFactory[],
  report: (problem: Problem) => void,
): BridgeConfig | undefined {
  const answered = new Set<string>();
  let failed = false;
  const note = (problem: Problem) => {
    if (answered.has(formatPath(problem.path))) return;
    failed ||= problem.severity === 'error';
    report(problem);
  };
  const error = (path: Path, message: string) => note({ severity: 'error', at: positionOf(tree, path), path, message });

  for (const { path, message } of collectorAdvice(tree)) {
    error(path, message);
    if (path[0] === 'file_format') return undefined;
    answered.add(formatPath(path));
  }
  for (const key of tree.kind === 'map' ? tree.entries.keys() : []) {
    if (!SECTIONS.includes(key)) error([key], describeUnknownKey(key, SECTIONS));
  }
  const defined = {
    receivers: checkComponents(tree, 'receiver', factories, note),
    exporters: checkComponents(tree, 'exporter', factories, note),
    extensions: checkComponents(tree, 'extension', factories, note),
  };
  for (const path of misplacedCaptures(tree, Object.values(defined).flat())) error(path, UNKNOWN_REFERENCE);
  const used = checkReferences(tree, defined, note);
  const service = checkSection(tree, { schema: serviceSchema, path: ['service'] }, note);
  if (failed || !service) return undefined;
  const receivers = inUse(defined.receivers, used) as BridgeConfig['receivers'];
  const exporters = inUse(defined.exporters, used).flatMap((each) =>
    splitOf(each, (message) => error(['exporters', each.id], message)),
  ) as BridgeConfig['exporters'];
  const extensions = inUse(defined.extensions, used, service.extensions) as BridgeConfig['extensions'];
  const all = [...receivers, ...exporters, ...extensions];
  for (const { id, kind, message } of findConflicts(all)) error([`${kind}s`, id], message);
  if (failed) return undefined;
  // What holds of a section is said once.
  const written = new Set<string>();
  for (const { id: own, section, factory, config } of all) {
    const id = section ?? own;
    if (written.has(`${factory.kind} ${id}`)) continue;
    written.add(`${factory.kind} ${id}`);
    for (const { path: below, message } of factory.warnings?.(config) ?? []) {
      const path = [`${factory.kind}s`, id, ...below];
      note({ severity: 'warning', at: positionOf(tree, path), path, message });
    }
  }
  return {
    receivers,
    exporters,
    extensions,
    service: { ...service, pipelines: withParts(service.pipelines, exporters) },
    positionOf: (path) => positionOf(tree, path),
  };
}

/** Where `${attributes:NAME}` stands and no series is to say what it is. Of a section that is wrong otherwise nothing is said. */
function* misplacedCaptures(tree: TreeNode, defined: readonly DefinedComponent[]): Generator<Path> {
  for (const { node, path } of walk(tree)) {
    if (node.kind !== 'scalar' || !node.captures) continue;
    const component = defined.find((each) => each.path.every((step, index) => step === path[index]));
    if (component && !component.checked) continue;
    const places = component?.checked?.factory.captures ?? [];
    if (!places.some((place) => isAt(path.slice(2), place))) yield path;
  }
}

/** The checked components that are in use, in the order of the file or of `order`. */
function inUse(
  defined: readonly DefinedComponent[],
  used: ReadonlySet<string>,
  order: readonly string[] = defined.map((each) => each.id),
): ConfiguredComponent[] {
  const byId = new Map(defined.filter(({ path }) => used.has(formatPath(path))).map((each) => [each.id, each.checked]));
  return order.flatMap((id) => byId.get(id) ?? []);
}
