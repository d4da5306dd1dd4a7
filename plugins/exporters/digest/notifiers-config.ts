import { z } from 'zod';
import { headersSchema, httpUrlSchema, timeoutSchemaWith } from '../../../src/config/http-client.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';
import { secretProblem } from './signature.ts';

const MOST_NOTIFIERS = 20;

const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected letters, digits, and _ . - between them')
  .optional()
  .meta({ description: 'keeps what waits for it when its place in the list changes', otherwise: 'its place' });

const discordSchema = z.strictObject({
  name: nameSchema,
  webhook_url: httpUrlSchema.describe(
    'of the settings of the channel, Integrations, Webhooks. With it anybody can write into the channel: secret. `?thread_id=…` behind it sends into a thread',
  ),
  username: z
    .string()
    .min(1)
    .max(80)
    .refine((text) => !/discord|clyde/i.test(text), 'Discord takes no name with "discord" or "clyde" in it')
    .default('Couic')
    .describe('who the message is from'),
  timeout: timeoutSchemaWith('5s'),
  tls: tlsClientSchema.optional(),
});

const webhookSchema = z.strictObject({
  name: nameSchema,
  endpoint: httpUrlSchema.describe('where the document below is posted to; secret as a whole'),
  headers: headersSchema.default({}),
  secret: z
    .string()
    .superRefine((text, context) => {
      const problem = secretProblem(text);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .optional()
    .meta({
      description:
        'key of the signature, as [Standard Webhooks](https://www.standardwebhooks.com) has it: `echo "whsec_$(openssl rand -base64 32)"`',
      otherwise: 'not signed',
    }),
  timeout: timeoutSchemaWith('5s'),
  tls: tlsClientSchema.optional(),
});

export const notifiersSchema = z
  .strictObject({
    discord: z.array(discordSchema).max(MOST_NOTIFIERS).prefault([]).describe('channels of Discord that are told'),
    webhook: z.array(webhookSchema).max(MOST_NOTIFIERS).prefault([]).describe('others that are told'),
  })
  .refine(({ discord, webhook }) => discord.length + webhook.length > 0, {
    error: 'name at least one: discord: [{webhook_url: …}] or webhook: [{endpoint: …}]',
  })
  .describe('at least one of either');

export type NotifiersConfig = z.output<typeof notifiersSchema>;
export type DiscordConfig = z.output<typeof discordSchema>;
export type WebhookConfig = z.output<typeof webhookSchema>;
