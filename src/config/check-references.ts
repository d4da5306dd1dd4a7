import type { Signal } from '../service/component.ts';
import type { DefinedComponent } from './check-components.ts';
import { pipelineTypeAdvice } from './collector-advice.ts';
import { parseComponentId } from './component-id.ts';
import { nearest } from './nearest.ts';
import { SIGNALS, signalOf } from './pipelines.ts';
import { formatPath, type Path, type Problem } from './problem.ts';
import { nodeAt, positionOf, type ScalarNode, type TreeNode } from './tree.ts';

type Defined = Readonly<Record<'receivers' | 'exporters' | 'extensions', readonly DefinedComponent[]>>;
type Section = keyof Defined;

/**
 * Checks what `service` says about components: the pipelines' names, and that each component named there is defined
 * and named once in its list. Components that nobody names get a warning.
 * @returns the paths of the components in use: `receivers.couic`.
 */
export function checkReferences(root: TreeNode, defined: Defined, report: (problem: Problem) => void): Set<string> {
  const used = new Set<string>();
  const error = (path: Path, message: string) =>
    report({ severity: 'error', at: positionOf(root, path), path, message });

  checkList(['service', 'extensions'], 'extensions');
  const pipelines = nodeAt(root, ['service', 'pipelines']);
  for (const id of pipelines?.kind === 'map' ? pipelines.entries.keys() : []) {
    const path = ['service', 'pipelines', id];
    const signal = signalOf(id);
    if (signal === undefined) error(path, pipelineTypeAdvice(parseComponentId(id)?.type ?? id));
    checkList([...path, 'receivers'], 'receivers', signal);
    checkList([...path, 'exporters'], 'exporters', signal);
  }
  for (const section of ['receivers', 'exporters', 'extensions'] as const) {
    for (const { path, at } of defined[section]) {
      if (used.has(formatPath(path))) continue;
      const where = section === 'extensions' ? 'service.extensions' : 'a pipeline under service.pipelines';
      report({ severity: 'warning', at, path, message: `is not used: add it to ${where}, or remove it` });
    }
  }
  return used;

  function checkList(path: Path, section: Section, signal?: Signal): void {
    const list = nodeAt(root, path);
    const seen = new Set<unknown>();
    for (const [index, item] of list?.kind === 'list' ? list.items.entries() : []) {
      if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
      const ids = defined[section].map((each) => each.id);
      if (!ids.includes(item.value)) error([...path, index], describeUndefined(item, section, defined));
      else if (seen.has(item.value)) error([...path, index], `"${item.value}" is in this list twice`);
      const factory = defined[section].find((each) => each.id === item.value)?.checked?.factory;
      if (signal !== undefined && factory && factory.kind !== 'extension') {
        const { signals = factory.kind === 'exporter' ? ['metrics'] : SIGNALS, type } = factory;
        const does = factory.kind === 'exporter' ? 'takes' : 'gives';
        if (!signals.includes(signal))
          error([...path, index], `${type} ${does} ${signals.join(' and ')} only, no ${signal}`);
      }
      seen.add(item.value);
      used.add(formatPath([section, item.value]));
    }
  }
}

function describeUndefined({ value, from }: ScalarNode, section: Section, defined: Defined): string {
  // What a reference gave may be a secret in the wrong place.
  if (from) return `what ${from.join(', ')} gives is not defined: add it under ${section}`;
  const id = String(value);
  const elsewhere = (Object.keys(defined) as Section[]).find((other) => defined[other].some((each) => each.id === id));
  if (elsewhere) return `"${id}" is defined under ${elsewhere}, not under ${section}`;
  const near = nearest(
    id,
    defined[section].map((each) => each.id),
  );
  return near === undefined
    ? `"${id}" is not defined: add it under ${section}`
    : `"${id}" is not defined under ${section} (did you mean "${near}"?)`;
}
