import type { JetStreamManager } from '@nats-io/jetstream';
import type { Position } from '../log.ts';
import type { Heads } from './heads.ts';
import { subjectsOf, topicOf } from './subjects.ts';

/**
 * Takes all messages up to a position out of a stream, subject by subject, but each subject's last one: without that the true
 * expectation would fail for ever, and a stale one pass.
 */
export async function purgeTopics(
  jsm: JetStreamManager,
  stream: string,
  position: Position,
  heads: Pick<Heads, 'last'>,
): Promise<void> {
  const { state } = await jsm.streams.info(stream, { subjects_filter: subjectsOf(stream) });
  for (const [subject, count] of Object.entries(state.subjects ?? {})) {
    if (count < 2) continue;
    const last =
      heads.last(topicOf(stream, subject)) ?? (await jsm.streams.getMessage(stream, { last_by_subj: subject }))?.seq;
    // Up to there, and not that one.
    if (last !== undefined) await jsm.streams.purge(stream, { filter: subject, seq: Math.min(position + 1, last) });
  }
}
