import type { JetStreamManager, MsgRequest } from '@nats-io/jetstream';
import type { Extent, Position } from '../log.ts';
import { subjectsOf } from './subjects.ts';

/** Of what was there at the start, so many parts are told apart: a message is asked for each. */
const PARTS = 16;

/** What a stream holds between a cut and a position, in parts of about as many entries: their sizes by the stream's mean. */
export async function partsOf(jsm: JetStreamManager, stream: string, cut: Position, last: Position): Promise<Extent[]> {
  const count = last - cut;
  if (count <= 0) return [];
  const { state } = await jsm.streams.info(stream);
  const mean = state.bytes / Math.max(1, state.messages);
  const step = Math.ceil(count / PARTS);
  const parts: Extent[] = [];
  for (let first = cut + 1; first <= last; first += step) {
    const end = Math.min(last, first + step - 1);
    // The server takes both; the client's types do not know.
    const query = { seq: end, next_by_subj: subjectsOf(stream) } as MsgRequest;
    const next = await jsm.streams.getMessage(stream, query);
    parts.push({ first, last: end, bytes: Math.round(mean * (end - first + 1)), time: next?.time.getTime() ?? 0 });
  }
  return parts;
}
