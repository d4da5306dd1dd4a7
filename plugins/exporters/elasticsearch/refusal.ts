import { z } from 'zod';
import type { Answer } from '../../../src/delivery/http-client.ts';
import { statusFailure } from '../../../src/events/http-sink.ts';
import type { PartOutcome } from '../../../src/events/in-parts.ts';

const bodySchema = z.object({ error: z.object({ type: z.string().regex(/^[a-z_]{1,100}$/) }) });

/** What a request came to that was answered with another status than 200. Nothing of it was taken, as far as is known. */
export function judgeRefusal(answer: Answer, shown: string): PartOutcome {
  const { status, body } = answer;
  const type = errorType(body);
  const said = type === undefined ? '' : ` (${type})`;
  const failure = statusFailure(answer, `${shown} answered ${status}${said}${advice(status, type)}`);
  if (status === 413) return { doubt: failure, tooLarge: true };
  // VictoriaLogs refuses the whole request for one document, as Elasticsearch does for an action that it cannot read.
  if (status === 400) return { doubt: failure };
  return failure;
}

/** Its words are left alone: they repeat what was sent. */
function errorType(body: Uint8Array): string | undefined {
  try {
    return bodySchema.parse(JSON.parse(Buffer.from(body).toString('utf8'))).error.type;
  } catch {
    return undefined;
  }
}

function advice(status: number, type: string | undefined): string {
  if (status >= 300 && status < 400)
    return ': redirects are not followed, the key would go elsewhere: set endpoint to the target';
  switch (status) {
    case 400:
      return type === undefined ? ': if it says so to everything, check endpoint, and whether it wants https' : '';
    case 401:
      return ': check user and password, or api_key, which is to be the "encoded" one';
    case 403:
      return ': the key or the user needs the privileges create_doc and auto_configure (or create_index) on the index';
    case 404:
    case 405:
      return ': check endpoint and its path: /_bulk is added to it';
    case 406:
    case 415:
      return ': it does not take this form of bulk request: is it an Elasticsearch from 7.17, or an OpenSearch?';
    case 413:
      return ': the other side, or a proxy before it, limits the size of bodies';
    case 429:
      return ': it has more to do than it can, and is asked again later';
    default:
      return '';
  }
}
