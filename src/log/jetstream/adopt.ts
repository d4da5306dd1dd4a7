import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { MovedLog } from '../engine.ts';
import { StorageError } from '../storage-error.ts';
import { refused } from './errors.ts';
import { emptyHeaders, movedHeaders } from './message.ts';
import { SnapshotStore, snapshotBytes } from './snapshots.ts';
import { makeStreamAt, nameStream } from './stream.ts';
import { subjectOf } from './subjects.ts';

/** Nobody's topic: what stands there says nothing. */
const FILLER = 'moved';

/** Writes a whole log into a new stream, position by position; it is a log of the bridge with the last step. */
export async function adoptInto(
  connection: NatsConnection,
  shape: { readonly stream: string; readonly replicas: number; readonly maxBytes: number },
  { identity, snapshot, first, entries }: MovedLog,
): Promise<void> {
  const { stream } = shape;
  const js = jetstream(connection);
  const jsm = await jetstreamManager(connection);
  const store = await SnapshotStore.open(js, jsm, shape);
  if ((await store.state()).newest)
    throw refused(`OBJ_${stream}`, 'holds snapshots of another log: delete it, or choose another name');
  await makeStreamAt(jsm, shape, first);
  let next = first;
  for await (const { position, time, epoch, topic, record } of entries) {
    while (next < position) {
      await js.publish(subjectOf(stream, FILLER), new Uint8Array(), { headers: emptyHeaders() });
      next++;
    }
    const msgID = `${epoch}-${position}`;
    const { seq } = await js.publish(subjectOf(stream, topic), record, { msgID, headers: movedHeaders(time) });
    if (seq !== position)
      throw new StorageError(
        'ERR_STORAGE_FOREIGN',
        `stream ${stream} gave position ${seq} to entry ${position}: somebody else writes to it`,
      );
    next++;
  }
  if (snapshot) {
    const pieces = (async function* () {
      yield* snapshot.pieces;
    })();
    await store.save(snapshot.position, snapshotBytes(pieces));
  }
  await store.update((state) => ({ ...state, cut: first - 1 }));
  await nameStream(jsm, stream, identity);
}
