import { z } from 'zod';
import { durationSchema } from '../config/duration.ts';
import { retrySchema } from '../config/retry.ts';

const DAY = 86_400_000;

/** What an exporter of events shows of addresses. */
const addressesSchema = z
  .enum(['keep', 'truncate', 'hmac', 'drop'])
  .default('keep')
  .describe(
    'what is told of addresses: `keep`; `truncate`, networks in their place; `hmac`, a pseudonym by a key; or `drop`',
  );

/** `keep`, `drop`, or the names of the members that stay: `[kind, detail]`. */
const metadataSchema = z.union([z.enum(['keep', 'drop']), z.array(z.enum(['kind', 'detail', 'extra'])).min(1)]);

/** What is told of addresses: for exporters of events, and whoever else writes them somewhere. */
export const addressOptions = {
  addresses: addressesSchema,
  truncate: z
    .strictObject({
      ipv4: z.int().min(0).max(32).default(24).describe('with `addresses: truncate`: bits that stay'),
      ipv6: z.int().min(0).max(128).default(48).describe('likewise'),
    })
    .prefault({}),
  hmac_key_file: z
    .string()
    .min(1)
    .optional()
    .describe(
      'with `addresses: hmac`: a file of at least 32 bytes, read at start, so that one address stays one pseudonym',
    ),
};

/** What is told of free text. */
export const metadataOption = metadataSchema.optional().meta({
  description:
    '`keep`, `drop`, or the names of what stays: `[kind, detail, extra]`. Free text holds addresses: hence the default',
  otherwise: '`keep` with `addresses: keep`, else `drop`',
});

/** Options that every exporter of events has: spread them into its schema. */
export const eventOptions = {
  ...addressOptions,
  metadata: metadataOption,
  queue: z
    .strictObject({
      max_age: durationSchema
        .refine((ms) => ms >= 60_000 && ms <= 400 * DAY, 'must be between 1m and 9600h')
        .prefault('168h')
        .describe('what is kept for another side that is away: older entries are let go of, counted and logged'),
      max_size_mib: z.int().min(16).max(1_048_576).default(1024).describe('likewise: more of the log'),
    })
    .prefault({}),
  batch: z
    .strictObject({
      max_events: z.int().min(1).max(10_000).default(1000).describe('events that are sent at once'),
      max_size_mib: z.number().min(0.1).max(64).default(4).describe('their size, before compression'),
    })
    .prefault({}),
  retry_on_failure: retrySchema.prefault({}),
};

interface PrivacyOptions {
  readonly addresses: z.output<typeof addressesSchema>;
  readonly hmac_key_file?: string | undefined;
}

/** @returns what is wrong with the options together, if anything. */
export function privacyProblem({ addresses, hmac_key_file }: PrivacyOptions): string | undefined {
  if (addresses === 'hmac' && hmac_key_file === undefined)
    return 'addresses: hmac needs hmac_key_file: a file of at least 32 random bytes, as by "openssl rand -out hmac.key 32"';
  if (addresses !== 'hmac' && hmac_key_file !== undefined) return 'hmac_key_file is used with addresses: hmac only';
  return undefined;
}

const shape = z.strictObject(eventOptions);
export type EventOptions = z.output<typeof shape>;

/** Those that a configuration gives which names none of them. */
export const eventDefaults = (): EventOptions => shape.parse({});
