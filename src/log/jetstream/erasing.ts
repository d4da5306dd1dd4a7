import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Entry, Position } from '../log.ts';
import { emptyHeaders } from './message.ts';
import type { SnapshotStore } from './snapshots.ts';
import { AT_END } from './stream-reader.ts';
import { subjectOf } from './subjects.ts';

interface Found {
  readonly entry: Entry;
  /** Undefined for one that lies in the bucket already. */
  readonly id: string | undefined;
  readonly isEmpty: boolean;
}

/**
 * Overwrites entries of a stream, whose messages nobody can change: what is left of one is put into the bucket, and then its
 * message is overwritten by the servers and gone. So at any moment it is as it was, or overwritten.
 */
export class Erasing {
  readonly #jsm: JetStreamManager;
  readonly #js: JetStreamClient;
  readonly #store: SnapshotStore;
  readonly #stream: string;

  constructor(jsm: JetStreamManager, js: JetStreamClient, store: SnapshotStore, stream: string) {
    this.#jsm = jsm;
    this.#js = js;
    this.#store = store;
    this.#stream = stream;
  }

  /** @returns how many entries were changed. */
  async rewrite(
    entries: AsyncIterable<Found | typeof AT_END>,
    limit: Position,
    blank: (entry: Entry) => boolean,
  ): Promise<number> {
    let count = 0;
    let isAnnounced = false;
    for await (const found of entries) {
      if (found === AT_END || found.entry.position > limit) break;
      const { entry, id, isEmpty } = found;
      const copy = { ...entry, record: new Uint8Array(entry.record) };
      if (!isEmpty && blank(copy)) {
        if (!isAnnounced) await this.#announce(limit);
        isAnnounced = true;
        await this.#store.putEntry(copy);
        if (id !== undefined) await this.#remove(entry);
        count++;
      }
      if (entry.position === limit) break;
    }
    return count;
  }

  async #announce(limit: Position): Promise<void> {
    await this.#store.update((state) => (state.rewritten >= limit ? undefined : { ...state, rewritten: limit }));
  }

  async #remove({ topic, position }: Entry): Promise<void> {
    const subject = subjectOf(this.#stream, topic);
    const last = await this.#jsm.streams.getMessage(this.#stream, { last_by_subj: subject });
    // A subject's last message may not go, or no expectation would be true any more: so it gets another one.
    if (last?.seq === position) await this.#js.publish(subject, new Uint8Array(), { headers: emptyHeaders() });
    await this.#jsm.streams.deleteMessage(this.#stream, position, true);
  }
}
