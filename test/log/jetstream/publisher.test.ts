import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { errors, RequestError } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { Heads } from '../../../src/log/jetstream/heads.ts';
import { Publisher } from '../../../src/log/jetstream/publisher.ts';
import { ManualClock } from '../../support/ledger.ts';

function setUp() {
  const clock = new ManualClock();
  const stream = { hasLeader: true, isConnected: true, last: 0, tried: 0 };
  const js = {
    async publish() {
      stream.tried++;
      if (stream.hasLeader) return { seq: ++stream.last };
      throw new RequestError('no responders', { cause: new errors.NoRespondersError('log') });
    },
  } as unknown as JetStreamClient;
  const publisher = new Publisher({
    ...{ js, jsm: {} as JetStreamManager, stream: 'log', epoch: '0123456789abcdef', clock, heads: new Heads() },
    clockProblem: () => undefined,
    isConnected: () => stream.isConnected,
    isWell: async () => false,
    delivered: async () => {},
    isFull: () => false,
    onFull() {},
    onFailed() {},
    onRecovered() {},
  });
  const append = () => publisher.append('topic', new Uint8Array(1), {});
  /** One that is given up, since nothing was taken for as long as it may wait. */
  async function fail(): Promise<void> {
    const failed = expect(append()).rejects.toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
    clock.advance(1500);
    await failed;
  }
  return { clock, stream, publisher, append, fail };
}

test('while leadership moves each append waits for the new leader, also when one before it was given up', async () => {
  const { stream, append, fail } = setUp();
  stream.hasLeader = false;
  await fail();
  const waiting = append();
  stream.hasLeader = true;
  expect(await waiting).toBe(1);
});

test('an append waits for the connection', async () => {
  const { stream, append, fail } = setUp();
  stream.isConnected = false;
  await fail();
  const waiting = append();
  expect(stream.tried).toBe(0);
  stream.isConnected = true;
  expect(await waiting).toBe(1);
});

test('in an outage that is longer than that, one append in half a second is tried, and the others are refused at once', async () => {
  const { clock, stream, append, fail } = setUp();
  stream.hasLeader = false;
  await fail();
  clock.advance(15_000);
  await fail();
  const { tried } = stream;
  await expect(append()).rejects.toThrow('has not answered within');
  clock.advance(499);
  await expect(append()).rejects.toThrow('has not answered within');
  expect(stream.tried).toBe(tried);
  clock.advance(1);
  stream.hasLeader = true;
  expect(await append()).toBe(1);
  expect(await append()).toBe(2);
});
