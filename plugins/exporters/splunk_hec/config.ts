import { z } from 'zod';
import { headersSchema, httpUrlSchema, timeoutSchemaWith } from '../../../src/config/http-client.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';
import { eventOptions, privacyProblem } from '../../../src/events/options.ts';

/** What Splunk takes at most, as the Collector has it. */
const MOST_CONTENT = 838_860_800;

/** Metadata that Splunk keeps of an event. */
const metadataText = z.string().min(1).max(1024);

export const schema = z
  .strictObject({
    /** URL of the HTTP Event Collector; without a path, `/services/collector` is added. */
    endpoint: httpUrlSchema,
    token: z.string().regex(/^[\x21-\x7e]+$/, 'expected the token as Splunk shows it, without "Splunk " before it'),
    source: metadataText.default('couic-otel-bridge'),
    sourcetype: metadataText.default('couic:event'),
    /** @default that of the token */
    index: metadataText.optional(),
    splunk_app_name: metadataText.default('couic-otel-bridge'),
    /** @default the bridge's version */
    splunk_app_version: metadataText.optional(),
    headers: headersSchema.default({}),
    disable_compression: z.boolean().default(false),
    tls: tlsClientSchema.optional(),
    timeout: timeoutSchemaWith('10s'),
    /** Bytes of the events of one request, before compression. */
    max_content_length_logs: z.int().min(1024).max(MOST_CONTENT).default(2_097_152),
    ...eventOptions,
  })
  .superRefine((config, context) => {
    const problem = privacyProblem(config);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    if (Object.keys(config.headers).some((name) => name.toLowerCase() === 'authorization'))
      context.addIssue({ code: 'custom', message: 'is set by the exporter, from token', path: ['headers'] });
  });

export type SplunkHecConfig = z.output<typeof schema>;
