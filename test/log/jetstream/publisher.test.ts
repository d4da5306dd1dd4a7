import type { JetStreamClient, JetStreamManager, JetStreamPublishOptions } from '@nats-io/jetstream';
import { JetStreamApiError } from '@nats-io/jetstream/internal';
import { errors, type MsgHdrs, RequestError } from '@nats-io/transport-node';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Heads } from '../../../src/log/jetstream/heads.ts';
import { emptyHeaders, messageId } from '../../../src/log/jetstream/message.ts';
import { Publisher } from '../../../src/log/jetstream/publisher.ts';
import { Conflict } from '../../../src/log/log.ts';
import { type Deferred, deferred } from '../../support/deferred.ts';
import { ManualClock } from '../../support/ledger.ts';

const MIB = 1024 * 1024;
const EPOCH = '0123456789abcdef';
const record = new Uint8Array([1, 2, 3]);

/** Whatever can go on without time passing has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

interface Call {
  readonly subject: string;
  readonly record: Uint8Array;
  readonly options: Partial<JetStreamPublishOptions>;
}

interface Kept {
  readonly seq: number;
  readonly header: MsgHdrs;
}

/** As the client throws them; see errors.test.ts. */
const nobodyThere = () => new RequestError('no responders', { cause: new errors.NoRespondersError('log') });
const answered = (err_code: number, description: string) => new JetStreamApiError({ code: 400, err_code, description });
const wrongLast = () => answered(10071, 'wrong last sequence: 3');

/** A message of that name, or of somebody who gives none. */
function kept(seq: number, number?: number): Kept {
  const header = emptyHeaders();
  header.delete('Couic-Empty');
  if (number !== undefined) header.set('Nats-Msg-Id', messageId(EPOCH, number));
  return { seq, header };
}

/** A publisher beside a stream that answers as a test has it answer, and what is delivered of that stream in the same way as the engine does it. */
function setUp() {
  const clock = new ManualClock();
  clock.mono = 100_000;
  const heads = new Heads();
  const state = { isConnected: true, isFull: false, problem: undefined as string | undefined };
  const told: string[] = [];
  const published: Call[] = [];
  const asked: unknown[] = [];
  const take = async (): Promise<{ seq: number }> => ({ seq: server.next++ });
  const server = {
    /** The position that the next message gets. */
    next: 1,
    publish: (_call: Call) => take(),
    last: async (): Promise<Kept | null> => null,
    isWell: async () => false,
  };
  const js = {
    publish(subject: string, data: Uint8Array, options: Partial<JetStreamPublishOptions>) {
      const call = { subject, record: data, options };
      published.push(call);
      return server.publish(call);
    },
  } as unknown as JetStreamClient;
  const jsm = {
    streams: {
      getMessage(stream: string, query: unknown) {
        asked.push([stream, query]);
        return server.last();
      },
    },
  } as unknown as JetStreamManager;
  let delivered = 0;
  const waiting: { readonly position: number; readonly signal: AbortSignal; readonly came: Deferred<void> }[] = [];
  const publisher = new Publisher({
    ...{ js, jsm, stream: 'log', epoch: EPOCH, clock, heads },
    clockProblem: () => state.problem,
    isConnected: () => state.isConnected,
    isWell: () => server.isWell(),
    delivered(position, signal) {
      const came = deferred();
      waiting.push({ position, signal, came });
      if (position <= delivered) came.resolve();
      signal.addEventListener('abort', () => came.reject(signal.reason));
      return came.promise;
    },
    isFull: () => state.isFull,
    onFull: () => void told.push('full'),
    onFailed: ({ message }) => void told.push(message),
    onRecovered: () => void told.push('recovered'),
  });
  onTestFinished(() => publisher.drain());
  const append = (options: Parameters<Publisher['append']>[2] = {}) => publisher.append('topic', record, options);
  /** @param number - of the append of this process that it is of. */
  function deliver(position: number, number?: number, topic = 'topic') {
    const came = publisher.came(position, number === undefined ? '' : messageId(EPOCH, number));
    heads.saw(topic, position, !came.isOurs);
    delivered = position;
    for (const each of waiting) if (each.position <= position) each.came.resolve();
    return came;
  }
  /** One that is given up, since nothing was taken for as long as it may wait. */
  async function fail(): Promise<void> {
    const failed = expect(append()).rejects.toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
    clock.advance(1500);
    await failed;
  }
  function hasLeader(is: boolean): void {
    server.publish = is ? take : () => Promise.reject(nobodyThere());
  }
  return {
    ...{ clock, heads, state, told, published, asked, server, waiting, publisher, append, deliver, fail },
    hasLeader,
  };
}

/** What an append that is refused says. */
const failure = (message: string) => ({ code: 'ERR_STORAGE_COMMIT', message: expect.stringContaining(message) });
const gaveUp = (ms: number) =>
  failure(`the stream has not answered within ${ms} ms: it has no leader, or too few of its servers. The bridge`);

/** The waits for a time of the machine's own: they end when the test says so. */
function withTimeouts() {
  const made: { readonly ms: number; readonly end: AbortController }[] = [];
  const spy = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const end = new AbortController();
    made.push({ ms, end });
    return end.signal;
  });
  onTestFinished(() => spy.mockRestore());
  return made;
}

test('while leadership moves each append waits for the new leader, also when one before it was given up', async () => {
  const { hasLeader, append, fail } = setUp();
  hasLeader(false);
  await fail();
  const waiting = append();
  hasLeader(true);
  expect(await waiting).toBe(1);
});

test('an append waits for the connection', async () => {
  const { state, published, append, told } = setUp();
  state.isConnected = false;
  const waiting = append();
  await settled();
  expect(published).toEqual([]);
  state.isConnected = true;
  expect(await waiting).toBe(1);
  expect(told).toEqual([]);
});

test('one that waited for the connection in vain says so', async () => {
  const { clock, state, published, append, told } = setUp();
  state.isConnected = false;
  const why = 'the stream has not answered within 1512 ms: there is no connection to any of the servers.';
  const refused = expect(append()).rejects.toMatchObject(failure(why));
  clock.advance(1512);
  await refused;
  expect(published).toEqual([]);
  expect(told).toEqual([`${why} The bridge goes on by itself.`]);
});

test('in an outage that is longer than that, one append in half a second is tried, and the others are refused at once', async () => {
  const { clock, published, append, fail, hasLeader } = setUp();
  hasLeader(false);
  await fail();
  clock.advance(15_000);
  await fail();
  const tried = published.length;
  await expect(append()).rejects.toThrow('has not answered within');
  clock.advance(499);
  await expect(append()).rejects.toThrow('has not answered within');
  expect(published).toHaveLength(tried);
  clock.advance(1);
  hasLeader(true);
  expect(await append()).toBe(1);
  expect(await append()).toBe(2);
});

test('an outage is long after 15 s: until then each append is tried', async () => {
  const { clock, published, append, server } = setUp();
  const answer = async () => Promise.reject(new errors.TimeoutError());
  server.publish = answer;
  await expect(append()).rejects.toMatchObject(gaveUp(0));
  clock.advance(14_600);
  await expect(append()).rejects.toMatchObject(failure('has not answered'));
  clock.advance(399);
  await expect(append()).rejects.toMatchObject(failure('has not answered'));
  expect(published).toHaveLength(3);
  clock.advance(1);
  await expect(append()).rejects.toMatchObject(failure('has not answered'));
  expect(published).toHaveLength(3);
});

test('of many that come at once in a long outage one is tried', async () => {
  const { clock, published, append, server } = setUp();
  server.publish = async () => Promise.reject(new errors.TimeoutError());
  await expect(append()).rejects.toThrow();
  clock.advance(20_000);
  const answer = deferred<{ seq: number }>();
  server.publish = () => answer.promise;
  const probe = append();
  for (let n = 0; n < 3; n++) await expect(append()).rejects.toMatchObject(failure('has not answered'));
  clock.advance(499);
  await expect(append()).rejects.toMatchObject(failure('has not answered'));
  answer.resolve({ seq: 7 });
  expect(await probe).toBe(7);
  expect(published).toHaveLength(2);
});

test('what cannot wait is tried however long there was no room', async () => {
  const { clock, state, append, told, server, hasLeader } = setUp();
  server.publish = async () => Promise.reject(answered(10077, 'maximum bytes exceeded'));
  state.isFull = true;
  await expect(append()).rejects.toMatchObject(failure('the stream is full (max_bytes): give it more room'));
  clock.advance(20_000);
  hasLeader(true);
  expect([await append(), await append()]).toEqual([1, 2]);
  // Others would still be refused.
  await expect(append({ canWait: true })).rejects.toMatchObject(failure('the stream is full'));
  expect(told.filter((what) => what === 'recovered')).toEqual([]);
  state.isFull = false;
  clock.advance(500);
  expect(await append({ canWait: true })).toBe(3);
  expect(told.at(-1)).toBe('recovered');
});

test('while little room is left, what can wait is refused, and room is asked for', async () => {
  const { state, append, published, told, publisher } = setUp();
  state.isFull = true;
  await expect(append({ canWait: true })).rejects.toMatchObject(failure('the stream is full (max_bytes)'));
  expect(published).toEqual([]);
  expect(told).toEqual(['full', expect.stringContaining('the stream is full')]);
  expect(publisher.isFailing).toBe(true);
  await expect(publisher.isLast('topic', 1)).rejects.toMatchObject(failure('the stream is full'));
});

test('with a clock that is wrong nothing is written', async () => {
  const { state, append, published, told, publisher } = setUp();
  state.problem = 'the clock is wrong';
  await expect(append()).rejects.toMatchObject(failure('the clock is wrong. The bridge goes on by itself.'));
  expect([published, publisher.isFailing]).toEqual([[], true]);
  state.problem = undefined;
  expect(await append()).toBe(1);
  expect(told).toEqual(['the clock is wrong. The bridge goes on by itself.', 'recovered']);
  expect(publisher.isFailing).toBe(false);
});

test('beside the one under way 1,024 appends wait, and the next one is refused; they are taken one after the other', async () => {
  const { append, published, server, told } = setUp();
  const answers: Deferred<{ seq: number }>[] = [];
  server.publish = () => {
    answers.push(deferred());
    return answers.at(-1)!.promise;
  };
  const all = Array.from({ length: 1025 }, () => append());
  await expect(append()).rejects.toMatchObject(failure('1024 entries wait for the stream already. The bridge goes on'));
  expect([published.length, told]).toEqual([1, []]);
  answers[0]!.resolve({ seq: 1 });
  await all[0];
  await settled();
  expect(published).toHaveLength(2);
  all.push(append());
  await expect(append()).rejects.toMatchObject(failure('1024 entries wait'));
  server.publish = async () => ({ seq: published.length });
  answers[1]!.resolve({ seq: 2 });
  expect(await Promise.all(all)).toEqual(all.map((_, i) => i + 1));
  expect(published.map(({ options }) => options.msgID)).toEqual(all.map((_, i) => messageId(EPOCH, i + 1)));
});

test('of those that wait 128 MiB are kept, also after as many went', async () => {
  const { publisher, published, server } = setUp();
  const large = new Uint8Array(MIB);
  const append = (data: Uint8Array) => publisher.append('topic', data, {});
  for (let turn = 1; turn <= 2; turn++) {
    const answer = deferred<{ seq: number }>();
    server.publish = () => answer.promise;
    const all = Array.from({ length: 129 }, () => append(large));
    await expect(append(new Uint8Array(1))).rejects.toMatchObject(failure('128 entries wait for the stream already'));
    all.push(append(new Uint8Array()));
    server.publish = async () => ({ seq: published.length });
    answer.resolve({ seq: published.length });
    await Promise.all(all);
  }
});

test('an entry is published to its topic under a name of its own, for as long as it may still wait', async () => {
  const { clock, publisher, append, published, server } = setUp();
  const answer = deferred<{ seq: number }>();
  server.publish = () => answer.promise;
  const first = append({ expect: 0 });
  const second = publisher.append('couic/a.b', new Uint8Array(2), {});
  await settled();
  clock.advance(1000);
  server.publish = async () => ({ seq: 2 });
  answer.resolve({ seq: 1 });
  expect([await first, await second]).toEqual([1, 2]);
  expect(published).toEqual([
    {
      ...{ subject: 'log.topic', record },
      options: {
        ...{ msgID: '0123456789abcdef-1', timeout: 1500 },
        expect: { streamName: 'log', lastSubjectSequence: 0 },
      },
    },
    {
      ...{ subject: 'log.couic.a=2eb', record: new Uint8Array(2) },
      options: { msgID: '0123456789abcdef-2', timeout: 500, expect: { streamName: 'log' } },
    },
  ]);
  expect(publisher.written).toBe(2);
});

test('an append is given up 1.5 s after it was made, and not before', async () => {
  const { clock, append, published, hasLeader } = setUp();
  hasLeader(false);
  const refused = expect(append()).rejects.toMatchObject(gaveUp(1500));
  clock.advance(1499);
  await expect.poll(() => published.length).toBeGreaterThan(2);
  clock.advance(1);
  await refused;
});

test('what is refused does not stop what comes after it', async () => {
  const { append, server, publisher, told } = setUp();
  const failures = [new Error('the disk is on fire'), new errors.TimeoutError()];
  server.publish = async () => {
    const error = failures.shift();
    if (error) throw error;
    return { seq: 4 };
  };
  const all = await Promise.allSettled([append(), append(), append()]);
  expect(all).toMatchObject([
    { reason: failure('the stream could not be written to: the disk is on fire. The bridge goes on by itself.') },
    { reason: gaveUp(0) },
    { value: 4 },
  ]);
  expect((all[0] as PromiseRejectedResult).reason.cause).toEqual(new Error('the disk is on fire'));
  expect((all[1] as PromiseRejectedResult).reason.cause).toBeInstanceOf(errors.TimeoutError);
  expect(publisher.written).toBe(4);
  // It is said once, and is over with the first that is taken.
  expect(told).toEqual([expect.stringContaining('the disk is on fire'), 'recovered']);
});

test('an entry is known as ours by its acknowledgement, once, with what it was made from', async () => {
  const { append, publisher } = setUp();
  expect(publisher.written).toBe(0);
  const origin = { some: 'object' };
  expect([await append({ origin }), await append()]).toEqual([1, 2]);
  expect(publisher.came(1, messageId(EPOCH, 1))).toEqual({ isOurs: true, origin });
  expect(publisher.came(1, messageId(EPOCH, 1))).toEqual({ isOurs: false });
  expect(publisher.came(2, messageId(EPOCH, 2))).toEqual({ isOurs: true, origin: undefined });
  expect(publisher.came(3, messageId(EPOCH, 9))).toEqual({ isOurs: false });
});

test('one that is delivered before its acknowledgement resolves with that, and leaves nothing behind', async () => {
  const { append, deliver, publisher, published, server } = setUp();
  const answer = deferred<{ seq: number }>();
  server.publish = () => answer.promise;
  const origin = { some: 'object' };
  const first = append({ origin });
  await settled();
  expect(publisher.came(4, messageId(EPOCH, 2))).toEqual({ isOurs: false });
  expect(deliver(5, 1)).toEqual({ isOurs: true, origin });
  expect(await first).toBe(5);
  answer.reject(new errors.TimeoutError());
  await settled();
  expect(publisher.came(5, 'another')).toEqual({ isOurs: false });
  expect([published.length, publisher.isFailing]).toEqual([1, false]);
});

test('one that was given up is not ours when it comes after all', async () => {
  const { append, publisher, server } = setUp();
  server.publish = async () => Promise.reject(new errors.TimeoutError());
  await expect(append()).rejects.toThrow();
  expect(publisher.came(1, messageId(EPOCH, 1))).toEqual({ isOurs: false });
});

test('what expects something is published behind what this process has seen last, or what it expects', async () => {
  const { append, heads, published, server } = setUp();
  server.next = 4;
  const expected = () => published.at(-1)!.options.expect;
  expect(await append({ expect: 3 })).toBe(4);
  expect(expected()).toEqual({ streamName: 'log', lastSubjectSequence: 3 });
  // Behind its own it may go, also where it was decided before that.
  expect(await append({ expect: 3 })).toBe(5);
  expect(expected()).toEqual({ streamName: 'log', lastSubjectSequence: 4 });
  heads.saw('topic', 6, true);
  const conflict = append({ expect: 5 });
  await expect(conflict).rejects.toEqual(new Conflict('topic', 5, 6));
  await expect(conflict).rejects.toMatchObject({ topic: 'topic', expected: 5, found: 6 });
  server.next = 7;
  expect(await append({ expect: 6 })).toBe(7);
  expect(published).toHaveLength(3);
});

test('behind an entry that expected nothing, what expects something waits until all before it was delivered', async () => {
  const timeouts = withTimeouts();
  const { clock, append, deliver, published, waiting, server } = setUp();
  server.next = 5;
  await append();
  const second = append({ expect: 0 });
  const third = append({ expect: 0 });
  clock.advance(100.5);
  await settled();
  expect([published.length, waiting.map(({ position }) => position)]).toEqual([1, [5]]);
  expect(timeouts.map(({ ms }) => ms)).toEqual([1500]);
  deliver(4);
  await settled();
  expect(published).toHaveLength(1);
  // 4 was another's, and those had been decided without it.
  deliver(5, 1);
  await expect(second).rejects.toBeInstanceOf(Conflict);
  await expect(third).rejects.toBeInstanceOf(Conflict);
  // There is nothing to wait for any more.
  expect(await append({ expect: 5 })).toBe(6);
  expect(waiting).toHaveLength(1);
});

test.each([
  [0, 1500],
  [0.5, 1500],
  [1000, 500],
  [1499.5, 1],
])('what is waited for is waited for as long as the append may take: after %d ms', async (late, ms) => {
  const timeouts = withTimeouts();
  const { clock, append, server, publisher, waiting } = setUp();
  const answer = deferred<{ seq: number }>();
  server.publish = () => answer.promise;
  const first = append();
  const second = append({ expect: 0 });
  clock.advance(late);
  answer.resolve({ seq: 5 });
  await first;
  await settled();
  expect([waiting[0]!.signal === timeouts[0]!.end.signal, timeouts[0]!.ms]).toEqual([true, ms]);
  const refused = expect(second).rejects.toMatchObject(gaveUp(1500));
  clock.advance(1500 - late);
  const over = new Error('over');
  timeouts[0]!.end.abort(over);
  await refused;
  await expect(second).rejects.toMatchObject({ cause: over });
  expect(publisher.isFailing).toBe(true);
});

test('an append that comes to its turn as its time ends is still sent for a moment', async () => {
  withTimeouts();
  const { clock, append, deliver, published, server } = setUp();
  server.next = 5;
  await append();
  const second = append({ expect: 5 });
  await settled();
  clock.advance(2000);
  deliver(5, 1);
  expect(await second).toBe(6);
  expect(published[1]!.options.timeout).toBe(1);
});

test('an acknowledgement that was lost is found again: the message that is last is ours', async () => {
  const { append, asked, published, publisher, heads, server, hasLeader } = setUp();
  const origin = {};
  server.publish = async () => Promise.reject(wrongLast());
  server.last = async () => kept(4, 1);
  expect(await append({ expect: 3, origin })).toBe(4);
  expect(asked).toEqual([['log', { last_by_subj: 'log.topic' }]]);
  expect([published.length, heads.last('topic'), heads.others('topic')]).toEqual([1, 4, 0]);
  expect(publisher.came(4, messageId(EPOCH, 1))).toEqual({ isOurs: true, origin });
  expect(publisher.came(4, messageId(EPOCH, 1))).toEqual({ isOurs: false });
  hasLeader(true);
  server.next = 5;
  expect(await append({ expect: 3 })).toBe(5);
  expect(published[1]!.options.expect).toEqual({ streamName: 'log', lastSubjectSequence: 4 });
});

test('of one that was found again nothing is kept when it was delivered before', async () => {
  const { append, deliver, server, publisher } = setUp();
  server.publish = async () => Promise.reject(wrongLast());
  const answer = deferred<Kept>();
  server.last = () => answer.promise;
  const first = append({ expect: 3 });
  await settled();
  expect(deliver(4, 1).isOurs).toBe(true);
  answer.resolve(kept(4, 1));
  expect(await first).toBe(4);
  expect(publisher.came(4, '')).toEqual({ isOurs: false });
});

test('a refusal for no reason is tried again: the message that was expected is last', async () => {
  const { append, published, server, heads, waiting } = setUp();
  server.publish = async () => (published.length < 3 ? Promise.reject(wrongLast()) : { seq: 9 });
  server.last = async () => kept(3);
  expect(await append({ expect: 3 })).toBe(9);
  expect(published.map(({ options }) => options.expect?.lastSubjectSequence)).toEqual([3, 3, 3]);
  expect([waiting, heads.others('topic')]).toEqual([[], 0]);
});

test("another's message that has not come here yet is waited for; then it is a conflict", async () => {
  const { append, deliver, published, server, waiting } = setUp();
  server.publish = async () => Promise.reject(wrongLast());
  server.last = async () => kept(6);
  const refused = expect(append({ expect: 3 })).rejects.toEqual(new Conflict('topic', 3, 6));
  await settled();
  expect(waiting.map(({ position }) => position)).toEqual([6]);
  deliver(6);
  await refused;
  expect(published).toHaveLength(1);
});

test('what was taken out of the stream is known from then on: the message that is last is an earlier one, or there is none', async () => {
  const { append, deliver, heads, published, server } = setUp();
  heads.saw('topic', 8, false);
  deliver(8, undefined, 'other');
  server.next = 9;
  const lasts = [kept(2), null];
  server.last = async () => lasts.shift()!;
  const answers = [wrongLast(), wrongLast()];
  server.publish = async () => {
    const error = answers.shift();
    if (error) throw error;
    return { seq: 9 };
  };
  expect(await append({ expect: 8 })).toBe(9);
  expect(published.map(({ options }) => options.expect?.lastSubjectSequence)).toEqual([8, 2, 0]);
  expect(heads.others('topic')).toBe(0);
});

test.each<[string, Kept, number | undefined]>([
  ['it says something', kept(5), undefined],
  ['it says nothing', { seq: 5, header: emptyHeaders() }, 9],
  ['it is older than what is expected', kept(2), 9],
])('of a topic that nothing was seen of, the last message is a conflict: %s', async (_why, last, taken) => {
  const { append, deliver, published, server } = setUp();
  deliver(8, undefined, 'other');
  server.publish = async () => (published.length === 1 ? Promise.reject(wrongLast()) : { seq: 9 });
  server.last = async () => last;
  const appended = append({ expect: 3 });
  if (taken === undefined) {
    await expect(appended).rejects.toEqual(new Conflict('topic', 3, 5));
    expect(published).toHaveLength(1);
  } else {
    expect(await appended).toBe(taken);
    expect(published[1]!.options.expect?.lastSubjectSequence).toBe(last.seq);
  }
});

test('the leader is asked until there is one, within the time of the append', async () => {
  const { append, asked, server } = setUp();
  server.publish = async () => Promise.reject(wrongLast());
  server.last = async () => (asked.length < 3 ? Promise.reject(nobodyThere()) : kept(4, 1));
  expect(await append({ expect: 3 })).toBe(4);
  expect(asked).toHaveLength(3);
});

test.each([nobodyThere(), new Error('not allowed')])(
  'a leader that cannot be asked ends the append: %s',
  async (error) => {
    const { append, asked, clock, server } = setUp();
    server.publish = async () => Promise.reject(wrongLast());
    server.last = async () => {
      clock.advance(1500);
      throw error;
    };
    const appended = append({ expect: 3 });
    await expect(appended).rejects.toMatchObject({ ...gaveUp(1500), cause: error });
    expect(asked).toHaveLength(1);
  },
);

test('what is no matter of leaders ends it at once', async () => {
  const { append, asked, server } = setUp();
  server.publish = async () => Promise.reject(wrongLast());
  server.last = async () => Promise.reject(new Error('not allowed'));
  await expect(append({ expect: 3 })).rejects.toMatchObject(failure('has not answered within 0 ms'));
  expect(asked).toHaveLength(1);
});

test('a leader that does not answer is waited for as long as the append may take', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { append, clock, server } = setUp();
  server.publish = async () => Promise.reject(wrongLast());
  const answer = deferred<Kept>();
  server.last = () => answer.promise;
  let isOver = false;
  const appended = append({ expect: 3 }).finally(() => {
    isOver = true;
  });
  const refused = expect(appended).rejects.toMatchObject({
    ...gaveUp(1500),
    cause: new Error('the leader has not answered'),
  });
  await settled();
  clock.advance(1499);
  vi.advanceTimersByTime(1499);
  await settled();
  expect(isOver).toBe(false);
  clock.advance(1);
  vi.advanceTimersByTime(1);
  await refused;
  // Nobody waits for it any more.
  answer.reject(new errors.TimeoutError());
  await settled();

  server.last = async () => kept(4, 2);
  expect(await append({ expect: 3 })).toBe(4);
  expect(vi.getTimerCount()).toBe(0);
});

test('a full stream asks for room', async () => {
  const { append, server, told } = setUp();
  const full = answered(10077, 'maximum bytes exceeded');
  server.publish = async () => Promise.reject(full);
  await expect(append()).rejects.toMatchObject({ ...failure('the stream is full (max_bytes)'), cause: full });
  expect(told).toEqual(['full', expect.stringContaining('the stream is full')]);
});

test('after a failure it is seen each second whether the stream does well again, until it does', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  // Not a spy: `restoreAllMocks` of a file after this one would put the fake timer back again.
  const { setInterval } = globalThis;
  const made: NodeJS.Timeout[] = [];
  globalThis.setInterval = ((...given: Parameters<typeof setInterval>) => {
    made.push(setInterval(...given));
    return made.at(-1);
  }) as typeof setInterval;
  onTestFinished(() => {
    globalThis.setInterval = setInterval;
    vi.useRealTimers();
  });
  const { append, server, told, publisher, state } = setUp();
  server.publish = async () => Promise.reject(new errors.TimeoutError());
  let looks = 0;
  let isWell: () => Promise<boolean> = async () => false;
  server.isWell = () => {
    looks++;
    return isWell();
  };
  async function pass(ms: number): Promise<void> {
    vi.advanceTimersByTime(ms);
    await settled();
  }
  for (let n = 0; n < 2; n++) await expect(append()).rejects.toThrow();
  expect([vi.getTimerCount(), made[0]!.hasRef()]).toEqual([1, false]);
  await pass(999);
  expect(looks).toBe(0);
  await pass(1);
  expect([looks, publisher.isFailing]).toEqual([1, true]);
  isWell = async () => Promise.reject(new Error('nobody knows'));
  await pass(1000);
  expect([looks, publisher.isFailing]).toEqual([2, true]);
  isWell = async () => true;
  state.isFull = true;
  await pass(1000);
  expect([looks, publisher.isFailing]).toEqual([3, true]);
  state.isFull = false;
  await pass(1000);
  expect([looks, publisher.isFailing, told.slice(1), vi.getTimerCount()]).toEqual([4, false, ['recovered'], 0]);
  await pass(5000);
  expect(looks).toBe(4);
  // And after the next one again.
  await expect(append()).rejects.toThrow();
  await pass(1000);
  expect([looks, publisher.isFailing, told.length]).toEqual([5, false, 4]);
  await expect(append()).rejects.toThrow();
  await publisher.drain();
  expect(vi.getTimerCount()).toBe(0);
});

test('whether a position is the last of its topic is known once what was written behind it has come', async () => {
  const timeouts = withTimeouts();
  const { clock, publisher, published, deliver, heads, waiting } = setUp();
  heads.saw('topic', 2, true);
  const isLast = publisher.isLast('topic', 2);
  await settled();
  expect(published).toEqual([
    {
      ...{ subject: 'log.asked', record: new Uint8Array() },
      options: {
        ...{ headers: emptyHeaders(), msgID: '0123456789abcdef-1', timeout: 1500 },
        expect: { streamName: 'log' },
      },
    },
  ]);
  expect([waiting.map(({ position }) => position), timeouts.map(({ ms }) => ms)]).toEqual([[1], [1500]]);
  deliver(1, 1, 'asked');
  expect(await isLast).toBe(true);
  for (const [number, position, is] of [
    [2, 3, true],
    [3, 1, false],
  ] as const) {
    const answer = publisher.isLast('topic', position);
    await settled();
    deliver(number, number, 'asked');
    expect(await answer).toBe(is);
  }

  const third = expect(publisher.isLast('topic', 2)).rejects.toMatchObject(gaveUp(1600));
  await settled();
  clock.advance(1600);
  timeouts.at(-1)!.end.abort(new Error('over'));
  await third;
});

test('at the end nothing is taken any more, and what was taken is waited for', async () => {
  const { append, publisher, server } = setUp();
  const answer = deferred<{ seq: number }>();
  server.publish = () => answer.promise;
  const all = [append(), append()];
  let isDrained = false;
  const drained = publisher.drain().then(() => {
    isDrained = true;
  });
  await expect(append()).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
  await settled();
  expect(isDrained).toBe(false);
  server.publish = async () => ({ seq: 2 });
  answer.resolve({ seq: 1 });
  await drained;
  expect(await Promise.all(all)).toEqual([1, 2]);
});
