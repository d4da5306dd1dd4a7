import { z } from 'zod';
import { durationSchema } from './duration.ts';

const DAY = 86_400_000;

/** The URL that a client sends to, with its scheme. Its value in code is the text. */
export const httpUrlSchema = z.string().superRefine((text, context) => {
  const problem = urlProblem(text);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'expected an address with its scheme, as in https://host.example:4318';
  const { protocol, username, password, hash } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') return 'expected http:// or https://';
  if (username || password) return 'no user and no password here, where they would be printed: use headers';
  if (hash) return 'no fragment here';
  return undefined;
}

/** Headers that say how the body is to be read, which only the exporter knows. */
const OURS = new Set(['content-type', 'content-encoding', 'content-length', 'transfer-encoding', 'host', 'connection']);

/** `headers`. Values are secrets: name the option in the factory's `secrets`. */
export const headersSchema = z
  .record(z.string(), z.string())
  .describe('sent with every request. Their values are secret: no log and no `print-config` shows them')
  .superRefine((headers, context) => {
    for (const [name, value] of Object.entries(headers)) {
      const problem = headerProblem(name, value);
      if (problem) context.addIssue({ code: 'custom', message: problem, path: [name] });
    }
  });

function headerProblem(name: string, value: string): string | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9a-zA-Z-]+$/.test(name)) return 'is not the name of a header';
  if (OURS.has(name.toLowerCase())) return 'is set by the exporter';
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return 'has characters that no header may have, perhaps a line break';
  return undefined;
}

/** `interval` of what is sent again and again. @param fallback - as the user would write it. */
export const intervalSchemaWith = (fallback: string) =>
  durationSchema
    .refine((ms) => ms >= 1000 && ms <= DAY, 'must be between 1s and 24h')
    .prefault(fallback)
    .describe('from one collection to the next; the first is at start, the last at shutdown. 1s to 24h');

/** `timeout` of a whole request, connection included. */
export const timeoutSchemaWith = (fallback: string) =>
  durationSchema
    .refine((ms) => ms > 0 && ms <= DAY, 'must be more than 0s and at most 24h')
    .prefault(fallback)
    .describe('until an answer begins, connection included');

/** `sending_queue` of what is pushed. */
export const sendingQueueSchema = z.strictObject({
  queue_size: z
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .describe('requests that wait in memory while an earlier one is tried again. One more drops the oldest'),
});
