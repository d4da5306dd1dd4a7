import type { Contribution, Mapping } from './mapping.ts';
import type { SourcePoint } from './points.ts';

/** An item that no window can tell, with why. */
export interface LeftOut {
  readonly metric: string;
  /** What of it is wrong: a label's name, `mapping`, `name`, `unit`, `value`. */
  readonly about: string;
  readonly problem: string;
}

/**
 * What a mapping says of a point. It is somebody else's code: whatever it throws or returns costs its own item and no other.
 * @param leave - told of each item that cannot be used.
 */
export function mapped(mapping: Mapping, point: SourcePoint, leave: (item: LeftOut) => void): Contribution[] {
  const wrong = (about: string, problem: string) => leave({ metric: point.metric, about, problem });
  let given: unknown;
  try {
    given = mapping(point);
  } catch (error) {
    wrong('mapping', `its mapping threw: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
  if (given === undefined) return [];
  if (given instanceof Promise) {
    given.catch(() => {});
    wrong('mapping', 'its mapping is async, and an item is needed at once');
    return [];
  }
  return (Array.isArray(given) ? given : [given]).filter((item): item is Contribution => {
    const problem = problemOf(item);
    if (problem) wrong(...problem);
    return problem === undefined;
  });
}

function problemOf(item: unknown): [about: string, problem: string] | undefined {
  if (typeof item !== 'object' || item === null) {
    return [
      'mapping',
      `its mapping returned ${shown(item)}: an item is expected, a list of items, or undefined for none`,
    ];
  }
  const { name, unit, labels, value } = item as Record<string, unknown>;
  if (typeof name !== 'string' || name === '')
    return ['name', `its item has the name ${shown(name)}: text is expected`];
  if (typeof unit !== 'string' || unit === '')
    return ['unit', `its item has the unit ${shown(unit)}: text is expected`];
  if (value !== undefined && !Number.isFinite(value)) {
    return ['value', `its item has the value ${shown(value)}: a number is expected`];
  }
  if (labels === undefined) return undefined;
  if (typeof labels !== 'object' || labels === null) {
    return ['labels', `its item has the labels ${shown(labels)}: an object is expected`];
  }
  const bad = Object.entries(labels).find(([, text]) => typeof text !== 'string');
  return bad && [bad[0], `its label "${bad[0]}" is ${shown(bad[1])}: text is expected`];
}

/** Of what kind it is, and no more: it may be long, or hold what no log should. */
function shown(value: unknown): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === undefined || value === null || value === '') return value === '' ? 'of no length' : String(value);
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
