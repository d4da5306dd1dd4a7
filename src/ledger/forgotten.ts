import { FORGOTTEN } from '../telemetry/names.ts';
import type { Counters } from './counters.ts';

/**
 * What the series of forgotten tags and kinds had counted: it stays in the sum, and none of it may look new. A reader
 * that adds up differences would take a series that grew by it for so many reports at once. So it is told under a name
 * that is new each time (`couic.rule.tag` of `_FORGOTTEN:` and a number) with a start that nobody knows, which stands
 * for history; the series under the name before ends in the same collection.
 */
export class Forgotten {
  /** How often something was forgotten; 0: never. */
  generation = 0;
  /** By the low three bits of a packed report. */
  readonly reports = new Float64Array(8);
  /** By `IPv6 << 1 | ignore`. */
  readonly expirations = new Float64Array(4);

  /** Takes over what the counters hold under these keys; their low bits say where it belongs. */
  static take(from: Counters, isGone: (key: number) => boolean, into: Float64Array): void {
    for (const [key, value] of from.remove(isGone)) into[key & (into.length - 1)]! += value;
  }

  save() {
    return { generation: this.generation, reports: [...this.reports], expirations: [...this.expirations] };
  }

  restore({ generation, reports, expirations }: ReturnType<Forgotten['save']>): void {
    this.generation = generation;
    this.reports.set(reports);
    this.expirations.set(expirations);
  }
}

/** Under which the present totals are told. */
export function forgottenTag({ generation }: Forgotten): string {
  return FORGOTTEN + generation;
}
