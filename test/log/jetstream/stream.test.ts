import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { JetStreamApiError, jserrors } from '@nats-io/jetstream/internal';
import { expect, test } from 'vitest';
import { makeStreamAt, nameStream, openStream } from '../../../src/log/jetstream/stream.ts';

const SHAPE = { stream: 'log', replicas: 3, maxBytes: 1_000_000 };
const LOG_ID = 'couic-otel-bridge.log-id';
const CREATED_AT = 'couic-otel-bridge.created-at';

/** What a stream has to be like, by its own names; an answer of nats-server 2.14 has them all and more, but those that are false. */
const CONFIG = {
  subjects: ['log.>'],
  retention: 'limits',
  storage: 'file',
  num_replicas: 3,
  discard: 'new',
  max_bytes: 1_000_000,
  max_age: 0,
  max_msgs: -1,
  max_msgs_per_subject: -1,
  allow_direct: false,
  deny_delete: false,
  deny_purge: false,
  sealed: false,
};
const MADE = { ...CONFIG, metadata: { [LOG_ID]: 'a log', [CREATED_AT]: '17', _nats: 'x' }, max_msg_size: -1 };

/** As the client throws it. */
const answered = (err_code: number, description: string) => new JetStreamApiError({ code: 400, err_code, description });

/** Streams of a server, as far as they are asked for here. @param fails - what the next ones that are made fail with. */
function setUp(there?: object, fails?: unknown) {
  const state = { there: there as Partial<StreamConfig> | undefined };
  const calls: unknown[][] = [];
  const streams = {
    async info(stream: string) {
      calls.push(['info', stream]);
      if (state.there) return { config: state.there };
      throw new jserrors.StreamNotFoundError({ code: 404, err_code: 10059, description: 'stream not found' });
    },
    async add(config: Partial<StreamConfig>) {
      calls.push(['add', config]);
      if (fails) throw fails;
      state.there = config;
      return { config };
    },
    async update(stream: string, config: Partial<StreamConfig>) {
      calls.push(['update', stream, config]);
    },
  };
  return { state, calls, streams, jsm: { streams } as unknown as JetStreamManager };
}

const foreign = (message: string) => ({ code: 'ERR_STORAGE_FOREIGN', message: expect.stringContaining(message) });

test('at the first start the stream is made, and is the same log from then on', async () => {
  const { calls, jsm } = setUp();
  const { logId, createdAt } = await openStream(jsm, SHAPE, 42, undefined);
  expect([logId, createdAt]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), 42]);
  const metadata = { [LOG_ID]: logId, [CREATED_AT]: '42' };
  const made = { name: 'log', ...CONFIG, description: 'The log of the Couic OTel bridge', metadata };
  expect(calls).toEqual([
    ['info', 'log'],
    ['add', made],
  ]);
  for (const known of [undefined, logId])
    expect(await openStream(jsm, SHAPE, 50, known)).toEqual({ logId, createdAt: 42 });
  expect(calls).toHaveLength(4);
});

test('one that another bridge has made in the same moment is taken', async () => {
  const { state, streams, jsm } = setUp();
  streams.add = async () => {
    state.there = MADE as object;
    throw answered(10058, 'stream name already in use with a different configuration');
  };
  expect(await openStream(jsm, SHAPE, 42, undefined)).toEqual({ logId: 'a log', createdAt: 17 });
});

test('what a server leaves out is false, and nothing else', async () => {
  const { allow_direct, deny_delete, deny_purge, sealed, ...rest } = MADE;
  expect(await openStream(setUp(rest).jsm, SHAPE, 1, 'a log')).toEqual({ logId: 'a log', createdAt: 17 });
  const { max_age, ...without } = MADE;
  const opened = openStream(setUp(without).jsm, SHAPE, 1, undefined);
  await expect(opened).rejects.toMatchObject(foreign('max_age is undefined, and should be 0. Change the stream'));
});

test.each([
  ['subjects', ['other.>']],
  ['retention', 'workqueue'],
  ['storage', 'memory'],
  ['num_replicas', 1],
  ['discard', 'old'],
  ['max_bytes', 1_000_001],
  ['max_age', 1],
  ['max_msgs', 5],
  ['max_msgs_per_subject', 1],
  ['allow_direct', true],
  ['deny_delete', true],
  ['deny_purge', true],
  ['sealed', true],
] as const)('a stream that is not as it was made is refused: %s', async (name, value) => {
  const { calls, jsm } = setUp({ ...MADE, [name]: value });
  const should = JSON.stringify(CONFIG[name]);
  await expect(openStream(jsm, SHAPE, 1, 'a log')).rejects.toMatchObject(
    foreign(
      `stream log has other settings: ${name} is ${JSON.stringify(value)}, and should be ${should}. Change the stream (nats stream edit), or the configuration.`,
    ),
  );
  expect(calls).toHaveLength(1);
});

test('another log, none where there was one, and a stream of somebody else are refused', async () => {
  const none = setUp();
  await expect(openStream(none.jsm, SHAPE, 1, 'a log')).rejects.toMatchObject(
    foreign('stream log is not there, though this bridge has worked on it (log a log). Restore it from a backup'),
  );
  expect(none.calls).toHaveLength(1);
  await expect(openStream(setUp(MADE).jsm, SHAPE, 1, 'my log')).rejects.toMatchObject(
    foreign('stream log holds another log (a log) than the one that this bridge has worked on (my log). Restore'),
  );
  for (const metadata of [undefined, { [CREATED_AT]: '1' }])
    await expect(openStream(setUp({ ...MADE, metadata }).jsm, SHAPE, 1, undefined)).rejects.toMatchObject(
      foreign('stream log was not made by the bridge. Choose another name (extensions::jetstream_storage::stream).'),
    );
});

const WAYS = {
  opened: (jsm: JetStreamManager) => openStream(jsm, SHAPE, 1, undefined),
  'made for a log from elsewhere': (jsm: JetStreamManager) => makeStreamAt(jsm, SHAPE, 5),
};

test.each(Object.entries(WAYS))(
  'one that cannot be made says what to do, where it is known: %s',
  async (_way, make) => {
    const alone = answered(10074, 'replicas > 1 not supported in non-clustered mode');
    await expect(make(setUp(undefined, alone).jsm)).rejects.toMatchObject(
      foreign(
        'stream log cannot be made with 3 copies: replicas > 1 not supported in non-clustered mode. Give as many servers',
      ),
    );
    const few = answered(10005, 'no suitable peers for placement');
    await expect(make(setUp(undefined, few).jsm)).rejects.toMatchObject(
      foreign('cannot be made with 3 copies: no suitable peers for placement. As many servers have to be up'),
    );
    const other = answered(10047, 'insufficient storage resources available');
    await expect(make(setUp(undefined, other).jsm)).rejects.toBe(other);
  },
);

test('a server that does not answer is no reason to make a stream', async () => {
  const { calls, streams, jsm } = setUp();
  const error = new Error('timeout');
  streams.info = async () => Promise.reject(error);
  for (const make of Object.values(WAYS)) await expect(make(jsm)).rejects.toBe(error);
  expect(calls).toEqual([]);
});

test('for a log from elsewhere a new stream is made, whose positions go on; it is a log once it has that name', async () => {
  const { calls, jsm } = setUp();
  await makeStreamAt(jsm, SHAPE, 5);
  const made = { name: 'log', ...CONFIG, description: 'The log of the Couic OTel bridge', first_seq: 5 };
  expect(calls.slice(1)).toEqual([['add', made]]);
  await nameStream(jsm, 'log', { logId: 'a log', instanceId: 'me', createdAt: 17 });
  const metadata = { [LOG_ID]: 'a log', [CREATED_AT]: '17' };
  expect(calls.at(-1)).toEqual(['update', 'log', { metadata }]);
  await expect(makeStreamAt(setUp(MADE).jsm, SHAPE, 5)).rejects.toMatchObject(
    foreign('stream log is there already, and a log is taken over into a new one: choose another name'),
  );
});
