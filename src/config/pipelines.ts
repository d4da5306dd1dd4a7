import type { Signal } from '../service/component.ts';
import { parseComponentId } from './component-id.ts';

export const SIGNALS: readonly Signal[] = ['metrics', 'logs'];

/** What a pipeline carries, by its name: `logs/siem`. Undefined when it is none that the bridge knows. */
export function signalOf(pipeline: string): Signal | undefined {
  const type = parseComponentId(pipeline)?.type ?? '';
  return SIGNALS.find((signal) => signal === type);
}

export function signalsIn(pipelines: Readonly<Record<string, unknown>>): ReadonlySet<Signal> {
  return new Set(Object.keys(pipelines).flatMap((id) => signalOf(id) ?? []));
}
