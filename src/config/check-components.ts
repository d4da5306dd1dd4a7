import type { AnyFactory } from '../service/component.ts';
import type { ConfiguredComponent, Kind } from './bridge-config.ts';
import { checkSection } from './check-section.ts';
import { collectorTypeAdvice } from './collector-types.ts';
import { type ComponentId, parseComponentId } from './component-id.ts';
import { hint } from './nearest.ts';
import type { Path, Position, Problem } from './problem.ts';
import { nodeAt, positionOf, type TreeNode } from './tree.ts';

/** A component that has a section; without `checked` its section is wrong, and was reported. */
export interface DefinedComponent {
  readonly id: string;
  readonly path: Path;
  readonly at: Position;
  readonly checked?: ConfiguredComponent;
}

/** Checks one of `receivers`, `exporters` and `extensions`. */
export function checkComponents(
  root: TreeNode,
  kind: Kind,
  factories: readonly AnyFactory[],
  report: (problem: Problem) => void,
): DefinedComponent[] {
  const section = `${kind}s`;
  const node = nodeAt(root, [section]);
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return [];
  if (node.kind !== 'map') {
    const message = `expected a map of ${section}, each under its type or type/name`;
    report({ severity: 'error', at: positionOf(root, [section]), path: [section], message });
    return [];
  }
  return [...node.entries.keys()].map((id) => {
    const path = [section, id];
    const at = positionOf(root, path);
    const problem = (message: string, severity: Problem['severity'] = 'error') =>
      report({ severity, at, path, message });
    const checked = checkComponent(root, id, kind, factories, problem, report);
    return { id, path, at, ...(checked && { checked }) };
  });
}

function checkComponent(
  root: TreeNode,
  id: string,
  kind: Kind,
  factories: readonly AnyFactory[],
  problem: (message: string, severity?: Problem['severity']) => void,
  report: (problem: Problem) => void,
): ConfiguredComponent | undefined {
  const parsed = parseComponentId(id);
  if (!parsed) {
    problem('expected TYPE or TYPE/NAME, as in crowdsec or crowdsec/edge');
    return undefined;
  }
  const factory = findFactory(factories, kind, parsed.type);
  if (!factory) {
    problem(describeUnknownType(parsed, kind, factories));
    return undefined;
  }
  if (factory.type !== parsed.type) problem(`"${parsed.type}" is an old name: write "${factory.type}"`, 'warning');
  const config = checkSection(
    root,
    { schema: factory.schema, path: [`${kind}s`, id], secrets: factory.secrets ?? [] },
    report,
  );
  if (config === undefined) return undefined;
  return { id, canonicalId: { type: factory.type, name: parsed.name }, factory, config };
}

function findFactory(factories: readonly AnyFactory[], kind: Kind, type: string): AnyFactory | undefined {
  return factories.find((each) => each.kind === kind && (each.type === type || each.aliases?.includes(type)));
}

function describeUnknownType({ type }: ComponentId, kind: Kind, factories: readonly AnyFactory[]): string {
  const advice = collectorTypeAdvice(kind, type);
  if (advice !== undefined) return `unknown type of ${kind} "${type}": ${advice}`;
  const elsewhere = factories.find((each) => each.type === type || each.aliases?.includes(type));
  if (elsewhere) return `"${type}" is a type of ${elsewhere.kind}: it belongs under ${elsewhere.kind}s`;
  const known = factories.filter((each) => each.kind === kind).map((each) => each.type);
  return `unknown type of ${kind} "${type}"${hint(type, known)}`;
}
