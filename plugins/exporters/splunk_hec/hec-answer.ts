import { z } from 'zod';
import type { Answer } from '../../../src/delivery/http-client.ts';
import { statusFailure } from '../../../src/events/http-sink.ts';
import type { PartOutcome } from '../../../src/events/in-parts.ts';

const bodySchema = z.object({ code: z.int(), 'invalid-event-number': z.int().min(0).optional() });

type HecAnswer = z.output<typeof bodySchema>;

/**
 * Splunk's own codes, where they say more than the status.
 * @see https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector#Possible_error_codes
 */
const SUCCESS = 0;
/** No data, invalid data format, event field required or blank, error in handling indexed fields: of one event, most likely. */
const OF_AN_EVENT = new Set([5, 6, 12, 13, 15]);

const ADVICE: Readonly<Record<number, string>> = {
  1: 'the token is disabled: enable it, and the HTTP Event Collector as a whole',
  2: 'it asks for a token, which did not arrive: does a proxy take the header away?',
  3: 'the authorization is not in its form: give token as Splunk shows it',
  4: 'it does not know the token: check token',
  7: 'the token may not write into that index, or there is none: check index, and the indexes of the token',
  8: 'it has an error of its own: see splunkd.log',
  9: 'it has more to do than it can, and is asked again later',
  10: 'the token wants indexer acknowledgment, which this exporter does not ask for: turn useACK off for it',
  11: 'the token wants indexer acknowledgment, which this exporter does not ask for: turn useACK off for it',
  14: 'indexer acknowledgment is off: is endpoint the one for events?',
  18: 'its queues are full, and it is asked again later',
  19: 'its acknowledgment service is away, and it is asked again later',
  20: 'its queues are full, and it is asked again later',
  21: 'it does not know the token: check token',
  22: 'the token is disabled: enable it',
  23: 'it is shutting down, and is asked again later',
};

/** What a request to the HTTP Event Collector came to. @param shown - who answered, for messages. */
export function judgeHecAnswer(answer: Answer, shown: string): PartOutcome {
  const { status, body } = answer;
  const said = read(body);
  if (status >= 200 && status < 300) {
    if (said?.code === SUCCESS) return {};
    const what = said === undefined ? 'a body that is not its own' : `code ${said.code}`;
    return {
      reason: 'protocol',
      message: `${shown} answered ${status} with ${what}: is endpoint an HTTP Event Collector?`,
    };
  }
  const code = said === undefined ? '' : `, code ${said.code}`;
  const failure = statusFailure(answer, `${shown} answered ${status}${code}${advice(status, said)}`);
  if (status === 413) return { doubt: failure, tooLarge: true };
  if (status !== 400 || (said !== undefined && said.code in ADVICE)) return failure;
  return { doubt: failure, at: said && OF_AN_EVENT.has(said.code) ? said['invalid-event-number'] : undefined };
}

/** Its words are left alone: newer versions repeat what they could not read. */
function read(body: Uint8Array): HecAnswer | undefined {
  try {
    return bodySchema.parse(JSON.parse(Buffer.from(body).toString('utf8')));
  } catch {
    return undefined;
  }
}

function advice(status: number, said: HecAnswer | undefined): string {
  const known = said && ADVICE[said.code];
  if (known !== undefined) return `: ${known}`;
  if (status >= 300 && status < 400)
    return ': redirects are not followed, the token would go elsewhere: set endpoint to the target';
  switch (status) {
    case 400:
      return said === undefined ? ': if it says so to everything, check endpoint, and whether it wants https' : '';
    case 401:
    case 403:
      return ': check token';
    case 404:
    case 405:
      return ': check endpoint and its path, most often /services/collector';
    case 413:
      return ': it, or a proxy before it, limits the size of bodies: lower max_content_length_logs';
    case 429:
      return ': it has more to do than it can, and is asked again later';
    default:
      return '';
  }
}
