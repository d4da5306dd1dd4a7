import { z } from 'zod';
import type { Answer } from '../../../src/delivery/http-client.ts';
import type { Outcome } from '../../../src/delivery/outcome.ts';

/** What Discord says of an error; of a limit, with seconds to wait. */
const bodySchema = z.object({
  code: z.int().optional(),
  retry_after: z.number().min(0).optional(),
  global: z.boolean().optional(),
});

/** Milliseconds; whoever asks for more is asked again after this. */
const LONGEST_WAIT = 3_600_000;
/**
 * Milliseconds after an answer that only a person can change. Discord shuts out an address that has 10,000 requests with 401, 403 or
 * 429 in ten minutes: this is far from it.
 */
const AFTER_REFUSAL = 300_000;

/** What a request to a webhook of Discord came to. @param shown - who answered, for messages. */
export function judgeDiscordAnswer({ status, body, retryAfter }: Answer, shown: string): Outcome {
  if (status >= 200 && status < 300) return { kind: 'success' };
  const said = read(body);
  const code = said?.code === undefined ? '' : `, code ${said.code}`;
  const reason = `status_${status}`;
  const message = `${shown} answered ${status}${code}${advice(status)}`;
  if (status === 429) {
    const asked = said?.retry_after === undefined ? retryAfter : Math.ceil(said.retry_after * 1000);
    return { kind: 'retryable', reason, message, retryAfter: Math.min(asked ?? 0, LONGEST_WAIT) };
  }
  // Its own word on what it was sent. A proxy's page is none.
  if (status === 400 && said?.code !== undefined) return { kind: 'failure', reason, message };
  if (status >= 400 && status < 500) return { kind: 'retryable', reason, message, retryAfter: AFTER_REFUSAL };
  return { kind: 'retryable', reason, message, ...(retryAfter !== undefined && { retryAfter }) };
}

function read(body: Uint8Array): z.output<typeof bodySchema> | undefined {
  try {
    return bodySchema.parse(JSON.parse(Buffer.from(body).toString('utf8')));
  } catch {
    return undefined;
  }
}

function advice(status: number): string {
  if (status >= 300 && status < 400)
    return ': redirects are not followed, the message would go elsewhere: set webhook_url to the target';
  switch (status) {
    case 400:
      return ': it does not take the message';
    case 401:
    case 403:
    case 404:
      return ': the webhook is not there any more, or webhook_url is not whole: copy it again from the settings of the channel, Integrations, Webhooks';
    case 429:
      return ': more is sent to it than it takes, and it is asked again when it says';
    default:
      return '';
  }
}
