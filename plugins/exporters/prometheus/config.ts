import { z } from 'zod';
import { endpointSchema } from '../../../src/config/endpoint.ts';
import { tlsServerSchema } from '../../../src/config/tls.ts';
import { labelName } from '../../../src/prometheus/labels.ts';
import { ATTR } from '../../../src/telemetry/names.ts';

/** Labels that series have of their own, or that Prometheus keeps for itself. */
const TAKEN = new Set([...Object.values(ATTR).map(labelName), 'le', 'job', 'instance']);

const constLabelsSchema = z.record(z.string(), z.string()).superRefine((labels, context) => {
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

/** An option of the Collector's exporter that has no place here: named, so that the answer can say why. */
const notNeeded = (reason: string) => z.undefined({ error: reason }).optional();

export const configSchema = z.strictObject({
  endpoint: endpointSchema.prefault('127.0.0.1:9464'),
  tls: tlsServerSchema.optional(),
  namespace: z
    .string()
    .regex(/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/, 'a namespace has letters, digits, _ and :, and does not begin with a digit')
    .default(''),
  const_labels: constLabelsSchema.default({}),
  without_scope_info: z.boolean().default(true),
  translation_strategy: z
    .enum(['UnderscoreEscapingWithSuffixes', 'UnderscoreEscapingWithoutSuffixes'])
    .default('UnderscoreEscapingWithSuffixes'),
  enable_open_metrics: z.boolean().default(true),
  resource_to_telemetry_conversion: z.strictObject({ enabled: z.boolean().default(false) }).prefault({}),
  metric_expiration: notNeeded(
    'not needed here: a series goes with its last rule, and totals are kept on purpose; remove this line',
  ),
  send_timestamps: notNeeded(
    'not offered: Prometheus would not notice when a series ends; it stamps samples itself when it scrapes; remove this line',
  ),
  add_metric_suffixes: notNeeded('is deprecated in the Collector as well: use translation_strategy'),
});

export type PrometheusConfig = z.output<typeof configSchema>;
