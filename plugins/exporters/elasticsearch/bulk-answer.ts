import { z } from 'zod';
import type { CouicEvent } from '../../../src/events/event.ts';
import type { EncodedEvent } from '../../../src/events/in-parts.ts';
import type { Delivery, Failure } from '../../../src/events/sink.ts';
import { counted } from '../../../src/telemetry/counted.ts';

/** What the answer is reduced to: a thousand items that were taken are 30 KB. */
export const FILTER_PATH = 'errors,items.*.status,items.*.error.type,items.*.error.reason';

const itemSchema = z.object({
  status: z.int(),
  error: z.object({ type: z.string().default('error'), reason: z.string().nullish() }).optional(),
});
const answerSchema = z.object({ items: z.array(z.record(z.string(), itemSchema)) });

type Item = z.output<typeof itemSchema>;

/** Why events are to be sent again: one item of several. */
interface Reason {
  readonly item: Item;
  readonly why: string;
  count: number;
}

/** Errors that say 400 and are of the index or the cluster, not of the document. */
const OF_THE_STATE = new Set(['index_closed_exception', 'invalid_index_name_exception', 'cluster_block_exception']);
const STATE_WORDS =
  /^pipeline with id \[.*\] does not exist|maximum (normal |frozen )?shards open|no write index is defined/i;

/** What became of a request that was answered with 200. */
interface Judged {
  readonly delivery: Delivery;
  /** Events that were there already: an earlier request had arrived, whose answer had not. */
  readonly known: number;
}

/**
 * Judges each item of a bulk request by itself: a 200 says nothing of them, and `errors` is true for conflicts alone.
 * Items answer in the order of the request; their `_index` is that behind a data stream, and names nothing that was sent.
 * @param shown - who answered, for messages.
 * @returns what became of them, or why the answer cannot be read: nothing is known then.
 */
export function judgeItems(events: readonly EncodedEvent[], body: Uint8Array, shown: string): Judged | Failure {
  const items = read(body);
  if (items?.length !== events.length) {
    const what =
      items === undefined
        ? 'not in the form of a bulk answer'
        : `for ${items.length} of ${counted(events.length, 'events')}`;
    return {
      reason: 'protocol',
      message: `${shown} answered 200 with a body that is ${what}: is endpoint an Elasticsearch?`,
    };
  }
  let known = 0;
  const refused: { event: CouicEvent; reason: string }[] = [];
  const again: CouicEvent[] = [];
  const reasons = new Map<string, Reason>();
  for (const [index, item] of items.entries()) {
    const { event } = events[index]!;
    const fate = fateOf(item);
    if (fate === 'known') known++;
    if (fate === 'refused') refused.push({ event, reason: describe(item) });
    if (fate === 'again') {
      again.push(event);
      const why = describe(item);
      const reason = reasons.get(why) ?? { item, why, count: 0 };
      reason.count++;
      reasons.set(why, reason);
    }
  }
  const [most] = [...reasons.values()].sort((a, b) => b.count - a.count);
  if (most === undefined) return { known, delivery: { refused } };
  const message = `${shown} did not take ${again.length} of ${counted(events.length, 'events')}: ${most.why}${adviceFor(most.item)}`;
  return { known, delivery: { refused, again, failure: { reason: `status_${most.item.status}`, message } } };
}

function read(body: Uint8Array): Item[] | undefined {
  try {
    const { items } = answerSchema.parse(JSON.parse(Buffer.from(body).toString('utf8')));
    const read = items.map((item) => Object.values(item)[0]);
    return read.every((item) => item !== undefined) ? read : undefined;
  } catch {
    return undefined;
  }
}

function fateOf({ status, error }: Item): 'taken' | 'known' | 'again' | 'refused' {
  if (status >= 200 && status < 300) return 'taken';
  if (status === 409) return 'known';
  if (status !== 400 && status !== 413) return 'again';
  const ofTheState = OF_THE_STATE.has(error?.type ?? '') || STATE_WORDS.test(error?.reason ?? '');
  return ofTheState ? 'again' : 'refused';
}

/**
 * The error without its words, which repeat values of the document: its status, its type, and which of our own fields it was,
 * whose names hold no digit and so no address.
 */
function describe({ status, error }: Item): string {
  const type = /^[a-z_]{1,100}$/.test(error?.type ?? '') ? error?.type : 'error';
  const field = /\[((?:@timestamp|[a-z_]+)(?:\.[a-z_]+){0,4})(?:\.[^\]]*)?\] of type \[([a-z_]+)\]/.exec(
    error?.reason ?? '',
  );
  return `${type} (status ${status})${field ? `, field ${ours(field[1]!)} of type ${field[2]}` : ''}`;
}

/** Below `extra` the names are of whoever made the rule. */
function ours(field: string): string {
  return field.replace(/^(couic\.metadata\.extra)\..*/, '$1');
}

/** What to do about an error of the index or the cluster. */
function adviceFor({ status, error }: Item): string {
  switch (error?.type) {
    case 'cluster_block_exception':
      return ': the index may not be written, as when a disk is fuller than its flood stage: make room, or end index.blocks';
    case 'index_closed_exception':
      return ': open the index, or roll the data stream over';
    case 'index_not_found_exception':
      return ': the cluster makes no index of that name: install the template of deploy/elasticsearch';
    case 'security_exception':
      return ': the key or the user needs the privilege create_doc, and auto_configure or create_index, for it';
    case 'invalid_index_name_exception':
      return ': check logs_index and data_stream';
  }
  if (status === 429) return ': it has more to do than it can, and is asked again later';
  if (STATE_WORDS.test(error?.reason ?? ''))
    return ': check pipeline, the number of shards, and the aliases of the cluster';
  return '';
}
