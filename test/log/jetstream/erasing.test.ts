import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { Erasing } from '../../../src/log/jetstream/erasing.ts';
import { isEmptyIn } from '../../../src/log/jetstream/message.ts';
import type { SharedState, SnapshotStore } from '../../../src/log/jetstream/snapshots.ts';
import { AT_END } from '../../../src/log/jetstream/stream-reader.ts';
import type { Entry } from '../../../src/log/log.ts';

/** @param lasts - of each subject. */
function setUp(lasts: Readonly<Record<string, number>> = {}) {
  const steps: string[] = [];
  const state = { now: { cut: 0, rewritten: 0 } as SharedState };
  const store = {
    async update(change: (before: SharedState) => SharedState | undefined) {
      const next = change(state.now);
      steps.push(next ? `announce ${next.rewritten}` : 'announced already');
      state.now = next ?? state.now;
    },
    async putEntry({ position, record }: Entry) {
      steps.push(`put ${position} ${Buffer.from(record)}`);
    },
  } as unknown as SnapshotStore;
  const jsm = {
    streams: {
      async getMessage(_stream: string, { last_by_subj }: { last_by_subj: string }) {
        const seq = lasts[last_by_subj];
        return seq === undefined ? null : { seq };
      },
      async deleteMessage(stream: string, sequence: number, isOverwritten: boolean) {
        steps.push(`delete ${stream} ${sequence} ${isOverwritten}`);
      },
    },
  } as unknown as JetStreamManager;
  const js = {
    async publish(subject: string, data: Uint8Array, { headers }: { headers: MsgHdrs }) {
      steps.push(`publish ${subject} ${data.length} ${isEmptyIn(headers)}`);
    },
  } as unknown as JetStreamClient;
  const erasing = new Erasing(jsm, js, store, 'log');
  let read = 0;
  async function* entries(...texts: (string | typeof AT_END)[]) {
    for (const [i, text] of texts.entries()) {
      read++;
      if (text === AT_END) {
        yield AT_END;
        continue;
      }
      const entry = { position: i + 1, time: 1, epoch: 'e', topic: 'list/a', record: Buffer.from(text) };
      yield { entry, id: text.startsWith('bucket') ? undefined : 'an id', isEmpty: text.startsWith('empty') };
    }
  }
  return { steps, state, erasing, entries, read: () => read };
}

/** Overwrites what is to be forgotten, as folds do, in place. */
function blank({ record }: Entry): boolean {
  const isIt = Buffer.from(record).includes('secret');
  if (isIt) record.fill(0x2d);
  return isIt;
}

test('before anything goes it is said up to where, and what is left of an entry is kept, and then it goes', async () => {
  const { steps, state, erasing, entries, read } = setUp({ 'log.list.a': 9 });
  const count = await erasing.rewrite(entries('secret', 'x', 'secret2', 'empty secret', 'x', 'secret'), 5, blank);
  expect(count).toBe(2);
  expect(steps).toEqual([
    ...['announce 5', 'put 1 ------', 'delete log 1 true'],
    ...['put 3 -------', 'delete log 3 true'],
  ]);
  expect(state.now).toEqual({ cut: 0, rewritten: 5 });
  // The limit itself is the last that is looked at.
  expect(read()).toBe(5);
});

test('where nothing is to go, nothing is written, and what there is stays as it is', async () => {
  const { steps, erasing, entries } = setUp();
  expect(await erasing.rewrite(entries('x', 'empty'), 2, blank)).toBe(0);
  expect(steps).toEqual([]);
});

test("a subject's last message gets another one behind it before it goes", async () => {
  const { steps, erasing, entries } = setUp({ 'log.list.a': 2 });
  expect(await erasing.rewrite(entries('secret', 'secret'), 2, blank)).toBe(2);
  expect(steps.slice(1)).toEqual([
    ...['put 1 ------', 'delete log 1 true'],
    ...['put 2 ------', 'publish log.list.a 0 true', 'delete log 2 true'],
  ]);
});

test('what lies in the bucket already is only written anew there, and what is said already is not said again', async () => {
  const { steps, state, erasing, entries } = setUp();
  state.now = { cut: 0, rewritten: 2 };
  expect(await erasing.rewrite(entries('bucket secret', 'x'), 2, blank)).toBe(1);
  expect(steps).toEqual(['announced already', 'put 1 -------------']);
  state.now = { cut: 0, rewritten: 1 };
  await erasing.rewrite(entries('bucket secret'), 2, blank);
  expect(steps[2]).toBe('announce 2');
});

test('it ends at the end of the log, and with what is behind the limit', async () => {
  const { erasing, entries, read, steps } = setUp();
  expect(await erasing.rewrite(entries('x', AT_END, 'secret'), 9, blank)).toBe(0);
  expect(read()).toBe(2);
  // The limit is not there any more.
  const beyond = async function* () {
    for await (const found of entries('x', 'x', 'secret', 'secret'))
      if (found === AT_END || found.entry.position !== 2) yield found;
  };
  expect(await erasing.rewrite(beyond(), 2, blank)).toBe(0);
  expect([read(), steps]).toEqual([5, []]);
});

test('the entry that is given is not changed: only its copy is', async () => {
  const { erasing } = setUp();
  const entry = { position: 1, time: 1, epoch: 'e', topic: 'list', record: Buffer.from('secret') };
  const entries = async function* () {
    yield { entry, id: undefined, isEmpty: false };
  };
  expect(await erasing.rewrite(entries(), 1, blank)).toBe(1);
  expect(`${entry.record}`).toBe('secret');
});
