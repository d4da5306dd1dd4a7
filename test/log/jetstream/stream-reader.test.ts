import { getEventListeners } from 'node:events';
import type { JetStreamManager } from '@nats-io/jetstream';
import { errors, headers, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { emptyHeaders, movedHeaders } from '../../../src/log/jetstream/message.ts';
import { AT_END, StreamReader } from '../../../src/log/jetstream/stream-reader.ts';
import { type Deferred, deferred } from '../../support/deferred.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => {
  // First what is spied upon: it would put back the timers that are none.
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Whatever can go on without time passing has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function pass(milliseconds: number): Promise<void> {
  await settled();
  vi.advanceTimersByTime(milliseconds);
  await settled();
}

interface Consumer {
  readonly inbox: string;
  isSubscribed: boolean;
  callback(error: Error | null, message: Msg): void;
}

type Found = { seq: number; subject: string; data: Uint8Array; header: MsgHdrs; time: Date };

/**
 * A stream whose consumers send what a test has them send, and that gives its messages one by one. Messages and their subjects to answer
 * are as consumer.go of nats-server 2.14 makes them; a message that is not there is `null` to the client.
 */
function setUp({ from = 1 } = {}) {
  const kept = new Map<number, string>();
  const consumers: Consumer[] = [];
  const asked: { readonly name: string }[] = [];
  const deleted: string[] = [];
  const published: string[] = [];
  const queries: unknown[] = [];
  const state = { isClosed: false, heard: 0 };
  const server = {
    make: async (): Promise<{ num_pending: number }> => ({ num_pending: 1 }),
    get: async (seq: number): Promise<Found | null> => {
      const next = [...kept.keys()].filter((each) => each >= seq).sort((a, b) => a - b)[0];
      return next === undefined ? null : found(next, kept.get(next)!);
    },
  };
  const connection = {
    isClosed: () => state.isClosed,
    publish: (subject: string) => void published.push(subject),
    subscribe(inbox: string, { callback }: Pick<Consumer, 'callback'>) {
      const consumer = { inbox, callback, isSubscribed: true };
      consumers.push(consumer);
      return {
        unsubscribe() {
          consumer.isSubscribed = false;
        },
      };
    },
  } as unknown as NatsConnection;
  const jsm = {
    consumers: {
      add(_stream: string, config: { name: string }) {
        asked.push(config);
        return server.make();
      },
      async delete(stream: string, name: string) {
        deleted.push(`${stream} ${name}`);
        // It may be gone.
        throw new Error('consumer not found');
      },
    },
    streams: {
      getMessage(stream: string, query: { seq: number }) {
        queries.push([stream, query]);
        return server.get(query.seq);
      },
    },
  } as unknown as JetStreamManager;
  const end = new AbortController();
  const heard = () => void state.heard++;
  const reader = new StreamReader({ connection, jsm, stream: 'log', heard }, from, end.signal);
  const items = reader.read();
  onTestFinished(async () => {
    end.abort();
    await items.return();
  });
  const next = async () => {
    const { value } = await items.next();
    if (value === undefined) return 'over';
    return value === AT_END ? 'end' : `${value.sequence} ${Buffer.from(value.data)}`;
  };
  /** Takes all that comes. */
  function takeAll() {
    const taken: string[] = [];
    void (async () => {
      for (let item = await next(); item !== 'over'; item = await next()) taken.push(item);
    })();
    return taken;
  }
  const say = (message: Partial<Msg>, consumer = consumers.at(-1)!) => consumer.callback(null, message as Msg);
  /** @param delivered - how many that consumer has sent with this one. */
  function send(sequence: number, delivered: number, pending = 1): void {
    const data = Buffer.from(kept.get(sequence)!);
    const reply = `$JS.ACK.log.consumer.1.${sequence}.${delivered}.${sequence}000000.${pending}`;
    say({ subject: 'log.topic', data, reply });
  }
  function beat(delivered: number, more: Readonly<Record<string, string>> = {}): void {
    const made = headers(100, 'Idle Heartbeat');
    made.set('Nats-Last-Consumer', String(delivered));
    for (const [name, value] of Object.entries(more)) made.set(name, value);
    say({ headers: made });
  }
  return {
    ...{ kept, consumers, asked, deleted, published, queries, state, connection, jsm, end, reader, items },
    ...{ server, next, takeAll, say, send, beat },
  };
}

const found = (seq: number, text: string, header = headers()): Found => ({
  ...{ seq, subject: 'log.topic', data: Buffer.from(text), header, time: new Date(seq) },
});

/** One whose first consumer is there, and of which all is taken that comes. */
async function reading(options: Parameters<typeof setUp>[0] = {}) {
  const made = setUp(options);
  const taken = made.takeAll();
  await settled();
  expect(made.consumers).toHaveLength(1);
  return { ...made, taken };
}

const leaderless = async () => Promise.reject(new Error('JetStream system temporarily unavailable'));
const gone = (consumer: Consumer) => consumer.callback(new Error('the server is gone'), undefined as unknown as Msg);

test('while no consumer can be made, messages are fetched one by one; what the next consumer sends again comes once', async () => {
  const { kept, consumers, taken, server, send } = await reading();
  kept.set(1, 'a');
  send(1, 1);
  await settled();
  expect(taken).toEqual(['1 a']);

  server.make = leaderless;
  // 2 is gone.
  kept.set(3, 'c');
  gone(consumers[0]!);
  await settled();
  expect(taken).toEqual(['1 a', '3 c']);
  kept.set(4, 'd');
  await expect.poll(() => taken).toEqual(['1 a', '3 c', '4 d']);

  await pass(250);
  server.make = async () => ({ num_pending: 3 });
  await pass(250);
  kept.set(5, 'e');
  send(3, 1);
  send(4, 2);
  send(5, 3);
  await settled();
  expect(taken).toEqual(['1 a', '3 c', '4 d', '5 e']);
});

test.each([
  [0, 1],
  [1, 1],
  [7, 7],
])('a consumer that is to send from %i is asked for in full', async (from, first) => {
  const { asked, consumers } = await reading({ from });
  expect(asked).toEqual([
    {
      name: expect.stringMatching(/^couic-[0-9a-f-]{36}$/),
      deliver_subject: consumers[0]!.inbox,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: first,
      ack_policy: 'none',
      flow_control: true,
      idle_heartbeat: 500_000_000,
      inactive_threshold: 30_000_000_000,
      mem_storage: true,
      num_replicas: 1,
      max_deliver: 1,
    },
  ]);
});

test('a message is given with the time of the stream, or of the log that it came from, with its id, and whether it says anything', async () => {
  const { items, say } = setUp();
  const all: unknown[] = [];
  const reading = (async () => {
    for await (const item of items) if (all.push(item) === 5) break;
  })();
  await settled();
  const data = Buffer.from('x');
  const at = 1_700_000_000_123;
  const written = headers();
  written.set('Nats-Msg-Id', '0123456789abcdef-7');
  const plain = `$JS.ACK.log.consumer.1.5.1.${at}999999`;
  // With a domain and what makes it unlike every other; see `ackReplySubject` of nats-server's consumer.go.
  say({ subject: 'log.a', data, reply: `${plain}.3` });
  say({ subject: 'log.b', data, headers: written, reply: `$JS.ACK.hub.ACCOUNT.log.consumer.1.8.2.${at}000000.1.x` });
  say({ subject: 'log.c', data, headers: movedHeaders(at - 5), reply: '$JS.ACK.hub.ACCOUNT.log.consumer.1.9.3.1.1' });
  say({ subject: 'log.d', data, headers: emptyHeaders(), reply: `$JS.ACK.log.consumer.1.10.4.${at}000001.0` });
  await reading;
  const rest = { data, id: undefined, isEmpty: false };
  expect(all).toEqual([
    { ...rest, sequence: 5, subject: 'log.a', time: at },
    { ...rest, sequence: 8, subject: 'log.b', time: at, id: '0123456789abcdef-7' },
    { ...rest, sequence: 9, subject: 'log.c', time: at - 5 },
    { ...rest, sequence: 10, subject: 'log.d', time: at, isEmpty: true },
    AT_END,
  ]);
});

test('one that is fetched is given with the same', async () => {
  const { consumers, items, server, next } = setUp();
  const first = next();
  await settled();
  server.make = leaderless;
  const written = emptyHeaders();
  written.set('Nats-Msg-Id', '0123456789abcdef-7');
  const there = [found(4, 'a', written), found(6, 'b', movedHeaders(99))];
  server.get = async () => there.shift() ?? null;
  gone(consumers[0]!);
  expect(await first).toBe('4 a');
  const moved = { sequence: 6, subject: 'log.topic', time: 99, id: undefined, isEmpty: false };
  expect((await items.next()).value).toMatchObject(moved);

  const other = setUp();
  const item = other.items.next();
  await settled();
  other.server.get = async () => found(4, 'a', written);
  other.server.make = leaderless;
  gone(other.consumers[0]!);
  expect((await item).value).toMatchObject({ sequence: 4, time: 4, id: '0123456789abcdef-7', isEmpty: true });
});

test('the end is said when there is nothing, and behind the last message that there is, once', async () => {
  const { consumers, kept, taken, server, send } = await reading();
  kept.set(1, 'x').set(2, 'x');
  expect(taken).toEqual([]);
  send(1, 1);
  send(2, 2, 0);
  await settled();
  expect(taken).toEqual(['1 x', '2 x', 'end']);
  // The next consumer has nothing to send.
  server.make = async () => ({ num_pending: 0 });
  gone(consumers[0]!);
  await pass(250);
  expect(taken).toEqual(['1 x', '2 x', 'end', 'end']);
  // What came before the answer said where the end is.
  const answer = deferred<{ num_pending: number }>();
  server.make = () => answer.promise;
  gone(consumers[1]!);
  await pass(250);
  kept.set(3, 'x');
  send(3, 1, 0);
  answer.resolve({ num_pending: 0 });
  await settled();
  expect(taken).toEqual(['1 x', '2 x', 'end', 'end', '3 x', 'end']);
});

test('the first consumer that cannot be made is told, and none is left behind', async () => {
  const { asked, consumers, deleted, server, next } = setUp();
  server.make = leaderless;
  await expect(next()).rejects.toThrow('temporarily unavailable');
  expect(asked).toHaveLength(1);
  expect(consumers[0]!.isSubscribed).toBe(false);
  expect(deleted).toEqual([`log ${asked[0]!.name}`]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a consumer that nobody answers for is asked for ten times, under the same name', async () => {
  const unanswered = async () => Promise.reject(new errors.TimeoutError());
  const none = setUp();
  none.server.make = unanswered;
  await expect(none.next()).rejects.toBeInstanceOf(errors.TimeoutError);
  expect([none.asked.length, new Set(none.asked.map(({ name }) => name)).size]).toEqual([10, 1]);

  const late = setUp();
  late.server.make = () => (late.asked.length < 10 ? unanswered() : Promise.resolve({ num_pending: 0 }));
  expect(await late.next()).toBe('end');
  expect(late.consumers).toHaveLength(1);
});

test('one that was given up while it was asked for changes nothing any more, and is not asked for again', async () => {
  const answers: Deferred<{ num_pending: number }>[] = [];
  const { asked, consumers, kept, deleted, server, takeAll, say, send } = setUp();
  server.make = () => {
    answers.push(deferred());
    return answers.at(-1)!.promise;
  };
  const taken = takeAll();
  await settled();
  for (const n of [0, 1]) {
    gone(consumers[n]!);
    await pass(250);
  }
  const names = asked.map(({ name }) => name);
  expect(new Set(names).size).toBe(3);
  expect(deleted).toEqual([`log ${names[0]}`, `log ${names[1]}`]);
  expect(consumers.map(({ isSubscribed }) => isSubscribed)).toEqual([false, false, true]);
  answers[2]!.resolve({ num_pending: 1 });
  answers[1]!.resolve({ num_pending: 0 });
  answers[0]!.reject(new errors.TimeoutError());
  await settled();
  expect([taken, asked.length]).toEqual([[], 3]);
  // What it had sent before it heard of that is still on its way.
  const late = { subject: 'log.topic', data: Buffer.from('late'), reply: '$JS.ACK.log.consumer.1.2.1.1.1' };
  say(late, consumers[0]);
  gone(consumers[1]!);
  kept.set(1, 'a');
  send(1, 1);
  await pass(1000);
  expect([taken, asked.length]).toEqual([['1 a'], 3]);
});

test.each(['another fails', 'it is another failure'])(
  'one that is given up is not asked for again: %s',
  async (how) => {
    const answers: Deferred<{ num_pending: number }>[] = [];
    const { asked, consumers, server, takeAll } = setUp();
    server.make = () => {
      answers.push(deferred());
      return answers.at(-1)!.promise;
    };
    const taken = takeAll();
    await settled();
    gone(consumers[0]!);
    await pass(250);
    answers[0]!.reject(how === 'another fails' ? new errors.TimeoutError() : new Error('no room'));
    await settled();
    expect(asked).toHaveLength(2);
    answers[1]!.resolve({ num_pending: 0 });
    await settled();
    expect(taken).toEqual(['end']);
  },
);

test('what the server has to be told when it was taken is answered in its turn', async () => {
  const { kept, items, next, say, send } = setUp();
  const first = next();
  await settled();
  kept.set(1, 'a').set(2, 'b');
  let answers = 0;
  const flow = { headers: headers(100, 'FlowControl Request'), reply: '$JS.FC.log.x' };
  send(1, 1);
  send(2, 2);
  say({ ...flow, respond: () => ++answers > 0 });
  expect(await first).toBe('1 a');
  await settled();
  expect(answers).toBe(0);
  expect(await next()).toBe('2 b');
  expect(answers).toBe(0);
  const more = items.next();
  await settled();
  expect(answers).toBe(1);
  send(2, 3);
  kept.set(3, 'c');
  send(3, 4);
  expect((await more).value).toMatchObject({ sequence: 3 });
});

test('a consumer that waits to hear that all was taken is told, once it was', async () => {
  const { kept, asked, published, beat, send, next } = setUp();
  const first = next();
  await settled();
  beat(0, { 'Nats-Consumer-Stalled': 'fc.1' });
  expect(published).toEqual(['fc.1']);
  beat(0);
  expect(published).toEqual(['fc.1']);
  kept.set(1, 'a').set(2, 'b');
  send(1, 1);
  send(2, 2);
  expect(await first).toBe('1 a');
  // 2 is not taken yet.
  beat(2, { 'Nats-Consumer-Stalled': 'fc.2' });
  expect(published).toEqual(['fc.1']);
  expect(await next()).toBe('2 b');
  beat(2, { 'Nats-Consumer-Stalled': 'fc.3' });
  expect(published).toEqual(['fc.1', 'fc.3']);
  await pass(1000);
  expect(asked).toHaveLength(1);
});

type Reading = Awaited<ReturnType<typeof reading>>;

test.each<[string, (one: Reading) => void]>([
  ['its subscription fails', ({ consumers }) => gone(consumers[0]!)],
  ['it is deleted', ({ say }) => say({ headers: headers(409, 'Consumer Deleted') })],
  ['a message of it is missing', ({ send }) => send(3, 3)],
  ['a message of it comes again', ({ send }) => send(2, 1)],
  ['it has sent more than what came', ({ beat }) => beat(2)],
  ['it has sent less than what came', ({ beat }) => beat(0)],
  ['it does not say what it has sent', ({ say }) => say({ headers: headers(100, 'Idle Heartbeat') })],
])('another consumer takes the place of one after a quarter of a second: %s', async (_why, fail) => {
  const one = await reading();
  const { asked, consumers, deleted, kept, taken, server, send } = one;
  for (const sequence of [1, 2, 3]) kept.set(sequence, 'x');
  server.get = async () => null;
  send(1, 1);
  await settled();
  fail(one);
  await settled();
  expect(consumers[0]!.isSubscribed).toBe(false);
  expect(deleted).toEqual([`log ${asked[0]!.name}`]);
  await pass(249);
  expect(asked).toHaveLength(1);
  await pass(1);
  expect(asked[1]).toMatchObject({ deliver_subject: consumers[1]!.inbox, opt_start_seq: 2 });
  send(2, 1);
  await settled();
  expect(taken).toEqual(['1 x', '2 x']);
});

test('a consumer that cannot be made is tried again and again', async () => {
  const { asked, consumers, kept, taken, server, send } = await reading();
  server.make = leaderless;
  gone(consumers[0]!);
  for (let tried = 2; tried <= 5; tried++) {
    await pass(249);
    expect(asked).toHaveLength(tried - 1);
    await pass(1);
    expect(asked).toHaveLength(tried);
  }
  server.make = async () => ({ num_pending: 1 });
  await pass(250);
  kept.set(1, 'a');
  send(1, 1);
  await settled();
  expect(taken).toEqual(['1 a']);
});

test('a consumer that says nothing for a second and a half is given up, counted from the last that it said', async () => {
  const { asked, consumers, kept, state, beat, send } = await reading();
  kept.set(1, 'a');
  expect(state.heard).toBe(1);
  await pass(1000);
  beat(0);
  await pass(1000);
  send(1, 1);
  expect(state.heard).toBe(3);
  await pass(1499);
  expect(consumers[0]!.isSubscribed).toBe(true);
  await pass(1);
  expect(consumers[0]!.isSubscribed).toBe(false);
  await pass(250);
  expect(asked).toHaveLength(2);
  // Of the next one as well, though nothing came of it.
  await pass(1499);
  expect(consumers[1]!.isSubscribed).toBe(true);
  await pass(1);
  expect(consumers[1]!.isSubscribed).toBe(false);
});

test('what is fetched is asked for by the position and the stream, by one at a time; an answer is a word of the stream', async () => {
  const { consumers, queries, state, server } = await reading({ from: 0 });
  server.make = leaderless;
  let answer = deferred<Found | null>();
  server.get = () => answer.promise;
  gone(consumers[0]!);
  await pass(250);
  await pass(250);
  expect(consumers).toHaveLength(3);
  expect(queries).toEqual([['log', { seq: 1, next_by_subj: 'log.>' }]]);
  const before = answer;
  answer = deferred();
  expect(state.heard).toBe(1);
  before.resolve(found(4, 'a'));
  await settled();
  expect(state.heard).toBe(2);
  expect(queries.slice(1)).toEqual([['log', { seq: 5, next_by_subj: 'log.>' }]]);
  const second = answer;
  answer = deferred();
  second.reject(new errors.TimeoutError());
  await expect.poll(() => queries.length).toBe(3);
  expect(state.heard).toBe(2);
  answer.resolve(null);
  await settled();
  expect(state.heard).toBe(3);
});

test('no more than 64 messages are fetched ahead of who takes them', async () => {
  const { consumers, kept, queries, server, next } = setUp();
  const first = next();
  await settled();
  for (let sequence = 1; sequence <= 200; sequence++) kept.set(sequence, 'x');
  server.make = leaderless;
  gone(consumers[0]!);
  expect(await first).toBe('1 x');
  await settled();
  // The one that was taken, and 64.
  expect(queries).toHaveLength(65);
});

test('nothing is fetched any more once a consumer has spoken; when that is lost it begins again', async () => {
  const { consumers, kept, queries, taken, server, beat } = await reading();
  const answers: Deferred<Found | null>[] = [];
  server.get = () => {
    answers.push(deferred());
    return answers.at(-1)!.promise;
  };
  gone(consumers[0]!);
  await pass(250);
  expect([consumers.length, queries.length]).toEqual([2, 1]);
  // It was made, and has not spoken yet.
  answers[0]!.resolve(found(1, 'a'));
  await settled();
  expect([taken, queries.length]).toEqual([['1 a'], 2]);
  beat(0);
  answers[1]!.resolve(found(2, 'b'));
  await settled();
  expect([taken, queries.length]).toEqual([['1 a'], 2]);
  server.get = async (seq) => (seq === 2 ? found(2, 'b') : null);
  kept.set(2, 'b');
  gone(consumers[1]!);
  await settled();
  expect(taken).toEqual(['1 a', '2 b']);
});

test('a reader that begins anew lets go of what came and was not taken, also of what is fetched at that moment', async () => {
  const { reader, consumers, asked, kept, queries, server, next, send } = setUp();
  const first = next();
  await settled();
  for (const sequence of [1, 2, 3, 4]) kept.set(sequence, `old ${sequence}`);
  send(1, 1);
  expect(await first).toBe('1 old 1');
  send(2, 2);
  const answer = deferred<Found | null>();
  server.get = () => answer.promise;
  gone(consumers[0]!);
  await settled();
  expect(queries).toEqual([['log', { seq: 3, next_by_subj: 'log.>' }]]);
  server.get = async (seq) => (seq <= 2 ? found(2, 'new 2') : null);
  reader.restart(2);
  answer.resolve(found(3, 'old 3'));
  expect(await next()).toBe('2 new 2');
  expect(queries[1]).toEqual(['log', { seq: 2, next_by_subj: 'log.>' }]);
  expect(asked.at(-1)).toMatchObject({ opt_start_seq: 2 });
  kept.set(3, 'new 3');
  send(2, 1);
  send(3, 2);
  expect(await next()).toBe('3 new 3');
});

test('a reader that begins anew fetches until its consumer speaks', async () => {
  const { reader, consumers, asked, deleted, kept, queries, server, taken } = await reading();
  server.make = () => deferred<never>().promise;
  kept.set(4, 'a');
  reader.restart(4);
  await settled();
  expect(taken).toEqual(['4 a']);
  expect(queries).toEqual([
    ['log', { seq: 4, next_by_subj: 'log.>' }],
    ['log', { seq: 5, next_by_subj: 'log.>' }],
  ]);
  expect(consumers.map(({ isSubscribed }) => isSubscribed)).toEqual([false, true]);
  expect(deleted).toEqual([`log ${asked[0]!.name}`]);
});

test.each(['one waits for more', 'there is more'])('the end of a reader leaves nothing behind: %s', async (when) => {
  const { consumers, kept, asked, deleted, queries, end, next, send } = setUp();
  kept.set(1, 'a').set(2, 'b');
  const first = next();
  await settled();
  send(1, 1);
  if (when === 'there is more') send(2, 2);
  expect(await first).toBe('1 a');
  const more = when === 'one waits for more' ? next() : undefined;
  end.abort();
  expect(await (more ?? next())).toBe('over');
  expect(consumers[0]!.isSubscribed).toBe(false);
  expect(deleted).toEqual([`log ${asked[0]!.name}`]);
  expect([vi.getTimerCount(), getEventListeners(end.signal, 'abort').length]).toEqual([0, 0]);
  send(2, 2);
  gone(consumers[0]!);
  await pass(2000);
  expect([asked.length, queries.length]).toEqual([1, 0]);
});

test('one that ends while nothing is heard does not go on asking', async () => {
  const { consumers, asked, queries, state, items, end, server } = await reading();
  server.make = leaderless;
  let answer = deferred<Found | null>();
  server.get = () => answer.promise;
  gone(consumers[0]!);
  await settled();
  end.abort();
  answer.resolve(found(1, 'a'));
  await items.return();
  await pass(1000);
  expect([asked.length, queries.length]).toEqual([1, 1]);

  const other = await reading();
  other.server.make = leaderless;
  answer = deferred();
  other.server.get = () => answer.promise;
  gone(other.consumers[0]!);
  await settled();
  other.state.isClosed = true;
  answer.resolve(found(1, 'a'));
  await pass(1000);
  expect([other.asked.length, other.queries.length]).toEqual([1, 1]);
  expect(state.heard).toBe(2);
});

test.each(['ended', 'closed'])('one that was %s before it began asks for nothing', async (how) => {
  const { asked, consumers, state, end, items } = setUp();
  if (how === 'ended') end.abort();
  else state.isClosed = true;
  const first = items.next();
  await settled();
  end.abort();
  expect(await first).toEqual({ done: true, value: undefined });
  expect([asked, consumers]).toEqual([[], []]);
});

test('a consumer is not taken away over a connection that is closed', async () => {
  const { consumers, deleted, state, end, items } = setUp();
  const first = items.next();
  await settled();
  state.isClosed = true;
  end.abort();
  await first;
  expect([consumers[0]!.isSubscribed, deleted]).toEqual([false, []]);
});

test('no timer of a reader keeps the process', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const { consumers, beat } = await reading();
  beat(0);
  gone(consumers[0]!);
  await pass(250);
  const made = timers.mock.results.map(({ value }) => value as NodeJS.Timeout);
  expect(made.length).toBeGreaterThanOrEqual(4);
  expect(made.filter((timer) => timer.hasRef())).toEqual([]);
});
