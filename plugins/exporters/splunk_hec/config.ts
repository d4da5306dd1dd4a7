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
    endpoint: httpUrlSchema.describe(
      'URL of the collector. Without a path, `/services/collector` is added; with one, it is the whole URL',
    ),
    token: z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'expected the token as Splunk shows it, without "Splunk " before it')
      .describe('as Splunk shows it; secret. Indexer acknowledgment (`useACK`) must be off for it'),
    source: metadataText
      .default('couic-otel-bridge')
      .describe('where Splunk puts the events; `host` is the name of the Couic'),
    sourcetype: metadataText.default('couic:event').describe('likewise'),
    index: metadataText.optional().meta({ description: 'likewise', otherwise: 'that of the token' }),
    splunk_app_name: metadataText
      .default('couic-otel-bridge')
      .describe("sent as a header, for Splunk's own statistics"),
    splunk_app_version: metadataText.optional().meta({ description: 'likewise', otherwise: "the bridge's version" }),
    headers: headersSchema.default({}),
    disable_compression: z.boolean().default(false).describe('send requests as they are, not compressed with gzip'),
    tls: tlsClientSchema
      .optional()
      .describe(
        'for an `https` endpoint; read for each connection, so that renewed files are taken up. A Splunk with its own default certificate needs `ca_file`',
      ),
    timeout: timeoutSchemaWith('10s'),
    max_content_length_logs: z
      .int()
      .min(1024)
      .max(MOST_CONTENT)
      .default(2_097_152)
      .describe(
        'bytes of the events of one request, before compression; a batch goes in as many requests as that makes of it',
      ),
    ...eventOptions,
  })
  .superRefine((config, context) => {
    const problem = privacyProblem(config);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    if (Object.keys(config.headers).some((name) => name.toLowerCase() === 'authorization'))
      context.addIssue({ code: 'custom', message: 'is set by the exporter, from token', path: ['headers'] });
  });

export type SplunkHecConfig = z.output<typeof schema>;
