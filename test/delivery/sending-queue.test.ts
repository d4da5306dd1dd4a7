import { expect, test } from 'vitest';
import { retrySchemaWith } from '../../src/config/retry.ts';
import type { Outcome } from '../../src/delivery/outcome.ts';
import { SendingQueue } from '../../src/delivery/sending-queue.ts';
import { FakeTime, until } from '../support/fake-time.ts';

const OK: Outcome = { kind: 'success' };
const DOWN: Outcome = { kind: 'retryable', reason: 'status_503', message: 'down' };
const BAD: Outcome = { kind: 'failure', reason: 'status_400', message: 'bad' };
const noDeadline = new AbortController().signal;

/** A queue of one-byte bodies; `answer` decides what becomes of an attempt. */
function build(answer: (body: number) => Outcome | Promise<Outcome>, options: { size?: number; retry?: object } = {}) {
  const time = new FakeTime();
  const attempts: number[] = [];
  const told: string[] = [];
  const queue = new SendingQueue({
    send: async (body) => {
      attempts.push(body[0]!);
      return answer(body[0]!);
    },
    retry: retrySchemaWith('5m').parse({ randomization_factor: 0, ...options.retry }),
    size: options.size ?? 100,
    observer: {
      sent: () => told.push('sent'),
      failed: ({ reason }) => told.push(`failed ${reason}`),
      dropped: (reason) => told.push(`dropped ${reason}`),
    },
    clock: time,
    sleep: time.sleep,
    random: () => 0.5,
  });
  const offer = (...bodies: number[]) => {
    for (const body of bodies) queue.offer(Uint8Array.of(body));
  };
  return { queue, time, attempts, told, offer };
}

test('sends what it is offered, one after the other, also after it was empty', async () => {
  const { attempts, told, offer } = build(() => OK);
  offer(1, 2);
  await until(() => told.length === 2);
  offer(3);
  await until(() => told.length === 3);
  expect([attempts, told]).toEqual([
    [1, 2, 3],
    ['sent', 'sent', 'sent'],
  ]);
});

test('a later body waits while an earlier one is tried again, with growing pauses', async () => {
  let down = 3;
  const { attempts, time, offer, told } = build(() => (down-- > 0 ? DOWN : OK));
  offer(1, 2);
  for (const pause of [5000, 7500, 11_250]) {
    await until(() => time.waits.length === 1);
    expect(time.waits).toEqual([pause]);
    time.advance(pause);
  }
  await until(() => told.includes('sent') && attempts.length === 5);
  expect(attempts).toEqual([1, 1, 1, 1, 2]);
});

test('waits as long as the other side asks for', async () => {
  let first = true;
  const { time, offer, told } = build(() => {
    const outcome: Outcome = first ? { ...DOWN, kind: 'retryable', retryAfter: 60_000 } : OK;
    first = false;
    return outcome;
  });
  offer(1);
  await until(() => time.waits.length === 1);
  expect(time.waits).toEqual([60_000]);
  time.advance(60_000);
  await until(() => told.includes('sent'));
});

test('what is refused is dropped, and the next one goes', async () => {
  const { told, offer } = build((body) => (body === 1 ? BAD : OK));
  offer(1, 2);
  await until(() => told.length === 3);
  expect(told).toEqual(['failed status_400', 'dropped status_400', 'sent']);
});

test('after max_elapsed_time the next one gets its turn', async () => {
  const { attempts, time, told, offer } = build((body) => (body === 1 ? DOWN : OK), {
    retry: { initial_interval: '4s', multiplier: 1, max_elapsed_time: '10s' },
  });
  offer(1, 2);
  for (let pause = 0; pause < 2; pause++) {
    await until(() => time.waits.length === 1);
    time.advance(4000);
  }
  await until(() => told.includes('sent'));
  expect(attempts).toEqual([1, 1, 1, 2]);
  expect(told).toContain('dropped retry_exhausted');
});

test('without retry each body has one attempt', async () => {
  const { attempts, told, offer } = build((body) => (body === 1 ? DOWN : OK), { retry: { enabled: false } });
  offer(1, 2);
  await until(() => told.includes('sent'));
  expect([attempts, told]).toEqual([
    [1, 2],
    ['failed status_503', 'dropped status_503', 'sent'],
  ]);
});

test('when too many wait, the oldest of them is dropped, and the order stays', async () => {
  let down = true;
  const { attempts, time, told, offer } = build(() => (down ? DOWN : OK), { size: 2 });
  offer(1);
  await until(() => time.waits.length === 1);
  offer(2, 3, 4, 5);
  expect(told.filter((word) => word === 'dropped queue_full')).toHaveLength(2);
  down = false;
  time.advance(5000);
  await until(() => told.filter((word) => word === 'sent').length === 3);
  expect(attempts).toEqual([1, 1, 4, 5]);
});

test('at the end each one is tried once more at once, in order', async () => {
  let down = true;
  const { queue, attempts, time, told, offer } = build(() => (down ? DOWN : OK));
  offer(1, 2);
  await until(() => time.waits.length === 1);
  down = false;
  await queue.end(noDeadline);
  await queue.end(noDeadline);
  expect(attempts).toEqual([1, 1, 2]);
  expect(told.at(-1)).toBe('sent');
});

test('at the end, nothing is tried after a failure, and what stays is told', async () => {
  const { queue, attempts, time, told, offer } = build(() => DOWN);
  offer(1, 2, 3);
  await until(() => time.waits.length === 1);
  await queue.end(noDeadline);
  expect(attempts).toEqual([1, 1]);
  expect(told.filter((word) => word === 'dropped shutdown')).toHaveLength(3);
});

test('the deadline ends a request that hangs', async () => {
  const deadline = new AbortController();
  let asked = false;
  const time = new FakeTime();
  const queue = new SendingQueue({
    send: (_body, signal) =>
      new Promise((resolve) => {
        asked = true;
        signal.addEventListener('abort', () => resolve(DOWN), { once: true });
      }),
    retry: retrySchemaWith('5m').parse({}),
    size: 1,
    observer: { sent: () => {}, failed: () => {}, dropped: () => {} },
    clock: time,
    sleep: time.sleep,
    random: () => 0.5,
  });
  queue.offer(Uint8Array.of(1));
  await until(() => asked);
  const ended = queue.end(deadline.signal);
  deadline.abort();
  await ended;
});

test('after the deadline nothing is tried', async () => {
  const { queue, attempts, told, offer } = build(() => OK);
  offer(1, 2);
  await queue.end(AbortSignal.abort());
  expect([attempts, told]).toEqual([[], ['dropped shutdown', 'dropped shutdown']]);
});
