import { z } from 'zod';
import { ATTR } from '../telemetry/names.ts';
import { labelName } from '../telemetry/prometheus/labels.ts';

/** What stands before every name. */
export const namespaceSchema = z
  .string()
  .regex(/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/, 'a namespace has letters, digits, _ and :, and does not begin with a digit');

/** How names are translated. */
export const translationStrategySchema = z.enum([
  'UnderscoreEscapingWithSuffixes',
  'UnderscoreEscapingWithoutSuffixes',
]);

/** Labels that series have of their own, or that Prometheus keeps for itself. */
const TAKEN = new Set([...Object.values(ATTR).map(labelName), 'le', 'quantile', 'job', 'instance']);

/** Labels that a user puts on every series. */
export const extraLabelsSchema = z.record(z.string(), z.string()).superRefine((labels, context) => {
  for (const name of Object.keys(labels)) {
    const message = wrongWith(name);
    if (message) context.addIssue({ code: 'custom', message, path: [name] });
  }
});

function wrongWith(label: string): string | undefined {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) {
    return 'a label name has letters, digits and _, and does not begin with a digit';
  }
  if (label.startsWith('__')) return 'names that begin with __ are reserved by Prometheus';
  if (TAKEN.has(label)) return 'is a label of the metrics themselves, or one that Prometheus sets: choose another name';
  return undefined;
}
