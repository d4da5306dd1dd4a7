import { z } from 'zod';
import { ATTR } from '../telemetry/names.ts';
import { labelName } from '../telemetry/prometheus/labels.ts';

/** What stands before every name. */
export const namespaceSchema = z
  .string()
  .regex(/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/, 'a namespace has letters, digits, _ and :, and does not begin with a digit')
  .default('')
  .describe('put before every name: `edge` makes `edge_couic_reports_total`');

/** How names are translated. */
export const translationStrategySchema = z
  .enum(['UnderscoreEscapingWithSuffixes', 'UnderscoreEscapingWithoutSuffixes'])
  .default('UnderscoreEscapingWithSuffixes')
  .describe('`UnderscoreEscapingWithoutSuffixes` leaves out units and `_total`');

/** Whether series say which part of the bridge gave them. */
export const withoutScopeInfoSchema = z
  .boolean()
  .default(true)
  .describe(
    '`false` adds `otel_scope_name`, `otel_scope_version` and `otel_scope_schema_url` to every series, as the Collector does by default. The version is a label then: every upgrade of the bridge starts new series',
  );

/** Whether series say what is measured. */
export const resourceConversionSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe("puts the resource's attributes (`service_name`, …) on every series, and not only on `target_info`"),
  })
  .prefault({});

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
