import type { JetStreamManager } from '@nats-io/jetstream';
import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { AT_END, StreamReader } from '../../../src/log/jetstream/stream-reader.ts';

type Callback = (error: Error | undefined, message: Msg) => void;

/** A stream whose consumers send what a test has them send, and that gives its messages one by one. */
function setUp() {
  const kept = new Map<number, string>();
  const consumers: Callback[] = [];
  const cluster = { hasLeader: true };
  const connection = {
    isClosed: () => false,
    subscribe(_inbox: string, { callback }: { callback: Callback }) {
      consumers.push(callback);
      return { unsubscribe() {} };
    },
  } as unknown as NatsConnection;
  const jsm = {
    consumers: {
      async add() {
        if (!cluster.hasLeader) throw new Error('JetStream system temporarily unavailable');
        return { num_pending: 1 };
      },
      delete: async () => true,
    },
    streams: {
      async getMessage(_stream: string, { seq }: { seq: number }) {
        const next = [...kept.keys()].filter((each) => each >= seq).sort((a, b) => a - b)[0];
        if (next === undefined) return null;
        const data = Buffer.from(kept.get(next)!);
        return { seq: next, subject: 'log.topic', data, header: headers(), time: new Date(next) };
      },
    },
  } as unknown as JetStreamManager;
  const end = new AbortController();
  const items = new StreamReader({ connection, jsm, stream: 'log' }, 1, end.signal).read();
  const next = async () => {
    for (;;) {
      const { value } = await items.next();
      if (value !== undefined && value !== AT_END) return `${value.sequence} ${Buffer.from(value.data)}`;
    }
  };
  /** @param delivered - how many that consumer has sent with this one. */
  const send = (sequence: number, delivered: number) =>
    consumers.at(-1)!(undefined, {
      subject: 'log.topic',
      data: Buffer.from(kept.get(sequence)!),
      reply: `$JS.ACK.log.consumer.1.${sequence}.${delivered}.${sequence}000000.1`,
    } as unknown as Msg);
  return { kept, consumers, cluster, end, items, next, send };
}

test('while no consumer can be made, messages are fetched one by one; what the next consumer sends again comes once', async () => {
  const { kept, consumers, cluster, end, items, next, send } = setUp();
  kept.set(1, 'a');
  const first = next();
  await expect.poll(() => consumers.length).toBe(1);
  send(1, 1);
  expect(await first).toBe('1 a');

  cluster.hasLeader = false;
  // 2 is gone.
  kept.set(3, 'c');
  consumers[0]!(new Error('the server is gone'), undefined as unknown as Msg);
  expect(await next()).toBe('3 c');
  const later = next();
  kept.set(4, 'd');
  expect(await later).toBe('4 d');

  const before = consumers.length;
  cluster.hasLeader = true;
  await expect.poll(() => consumers.length, { timeout: 5000 }).toBeGreaterThan(before);
  kept.set(5, 'e');
  send(3, 1);
  send(4, 2);
  send(5, 3);
  expect(await next()).toBe('5 e');
  end.abort();
  await items.return();
});
