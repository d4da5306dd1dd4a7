import { expect, test } from 'vitest';
import type { CouicEvent } from '../../src/events/event.ts';
import { EVENT_OPERATIONS, type EventQueue } from '../../src/events/operations.ts';
import type { Delivery } from '../../src/events/sink.ts';
import { ERASE_OPERATION } from '../../src/service/admin/erase.ts';
import { until } from '../support/fake-time.ts';
import { bodyOf, pieces } from '../support/ledger.ts';
import { MemoryLog } from '../support/memory-engine.ts';
import { EventHarness } from './harness.ts';

const NOTHING: Delivery = {};

const networks = (events: readonly CouicEvent[]) =>
  events.map((event) => ('network' in event ? event.network?.text : event.name));

async function report(harness: EventHarness, ...cidrs: string[]): Promise<void> {
  await harness.ledger.ingest('edge', pieces(bodyOf(cidrs.map((cidr) => ({ cidr })))));
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `10.0.0.${from + i}/32`);

/** Lets what waits for others go. */
async function sent(harness: EventHarness, events: number): Promise<void> {
  await until(() => {
    harness.time.advance(100);
    return harness.sink.ids.length >= events;
  }, `${events} events`);
}

test('events go in batches, in order, and those of an instance that feeds no pipeline of it do not', async () => {
  const harness = await new EventHarness({ batch: { max_events: 4 } }).start();
  await report(harness, ...range(0, 10));
  await harness.ledger.ingest('other', pieces(bodyOf([{ cidr: '192.0.2.1/32' }])));
  await sent(harness, 10);
  expect(harness.sink.batches.map((batch) => batch.length)).toEqual([4, 4, 2]);
  expect(networks(harness.sink.batches.flat())).toEqual(range(0, 10));
  await harness.stop();
});

test('nothing of before it was configured is told, and a restart goes on where it stood', async () => {
  const log = new MemoryLog();
  const first = await new EventHarness({}, log).start();
  await report(first, ...range(0, 2));
  await sent(first, 2);
  await first.stop();
  const second = await new EventHarness({}, log).start();
  await report(second, ...range(2, 5));
  await sent(second, 3);
  expect(networks(second.sink.batches.flat())).toEqual(range(2, 5));
  await second.stop();
});

test('killed at any moment, every event arrives, and what comes twice has the id that it had', async () => {
  let log = new MemoryLog();
  const seen = new Map<string, string>();
  for (let kill = 0; kill < 12; kill++) {
    const harness = await new EventHarness({ batch: { max_events: 3 } }, log).start();
    await report(harness, ...range(kill * 5, kill * 5 + 5));
    let turns = kill;
    await until(() => {
      harness.time.advance(400);
      return --turns < 0;
    });
    // Not stopped: the log as it is now is all that is left.
    log = log.copy();
    for (const [i, id] of harness.sink.ids.entries()) {
      const network = networks(harness.sink.batches.flat())[i]!;
      expect(seen.get(id) ?? network).toBe(network);
      seen.set(id, network);
    }
  }
  const last = await new EventHarness({}, log).start();
  await report(last, '192.0.2.1/32');
  await until(() => {
    last.time.advance(400);
    return networks(last.sink.batches.flat()).includes('192.0.2.1/32');
  });
  for (const event of last.sink.batches.flat()) seen.set(event.id, networks([event])[0]!);
  expect([...seen.values()].sort()).toEqual([...range(0, 60), '192.0.2.1/32'].sort());
});

test('a sink that is away holds up nobody, is asked again after growing waits, and gets all of it then', async () => {
  const harness = await new EventHarness({ retry_on_failure: { initial_interval: '1s', multiplier: 2 } }).start();
  harness.sink.answer = () => ({ reason: 'connection', message: 'cannot reach https://siem.example' });
  await report(harness, ...range(0, 3));
  await sent(harness, 3);
  await report(harness, ...range(3, 6));
  expect(harness.ledger.ruleCounts('edge').drop).toBe(6);
  await until(() => {
    harness.time.advance(500);
    return harness.sink.batches.length >= 4;
  });
  const queue = (await harness.exporter.operations[EVENT_OPERATIONS.queue]!(null)) as EventQueue;
  expect(queue).toMatchObject({ trouble: 'cannot reach https://siem.example', target: 'https://siem.example' });
  expect([queue.entries > 0, queue.oldestAge > 0]).toEqual([true, true]);
  expect(await harness.exporter.examine()).toMatchObject([
    { level: 'failure', advice: 'cannot reach https://siem.example' },
  ]);
  harness.sink.batches.length = 0;
  harness.sink.answer = () => ({});
  await sent(harness, 6);
  expect(networks(harness.sink.batches.flat())).toEqual(range(0, 6));
  expect(harness.context.logged.filter((line) => /not sent|sent again/.test(line))).toEqual([
    expect.stringMatching(/^warn Events are not sent: cannot reach/),
    expect.stringMatching(/^info Events are sent again after \d+ s; 0 events were dropped meanwhile/),
  ]);
  await harness.stop();
});

test('of a batch that was taken in part, the rest is offered again, and what was refused is set aside over restarts', async () => {
  const log = new MemoryLog();
  const harness = await new EventHarness({}, log).start();
  harness.sink.answer = (events) => {
    if (harness.sink.batches.length > 1) return {};
    const [refused, ...again] = events;
    return {
      refused: [{ event: refused!, reason: 'mapper_parsing_exception' }],
      again: again.slice(1),
      failure: { reason: 'status_429', message: 'too many', retryAfter: 60_000 },
    };
  };
  await report(harness, ...range(0, 4));
  await sent(harness, 4);
  await until(() => harness.time.waits.some((wait) => wait > 30_000));
  harness.time.advance(59_000);
  expect(harness.sink.batches).toHaveLength(1);
  await sent(harness, 6);
  expect(harness.sink.batches.map(networks)).toEqual([range(0, 4), range(2, 4)]);
  const refused = await harness.exporter.operations[EVENT_OPERATIONS.refused]!(null);
  expect(refused).toMatchObject([{ network: '10.0.0.0/32', reason: 'mapper_parsing_exception', instance: 'edge' }]);
  expect(JSON.stringify(refused)).not.toContain('metadata');
  await harness.stop();
  const next = await new EventHarness({}, log).start();
  expect(await next.exporter.operations[EVENT_OPERATIONS.refused]!(null)).toEqual(refused);
  await next.stop();
});

test('what bounds take from one that lags is counted and said, and it goes on after it', async () => {
  const harness = await new EventHarness({ queue: { max_age: '1h' } }, new MemoryLog(), 4096).start();
  let away = true;
  const failure = { reason: 'connection', message: 'away' };
  harness.sink.answer = () => (away ? failure : NOTHING);
  await report(harness, '192.0.2.1/32');
  await sent(harness, 1);
  // The next one is read already, and waits in memory.
  await report(harness, '192.0.2.2/32');
  await report(harness, '192.0.2.4/32');
  const { last } = harness.log;
  harness.time.advance(2 * 3_600_000);
  // Enough for a snapshot, which lets go of what is older.
  for (let i = 0; harness.log.first <= last; i++) {
    if (i > 2000) expect.unreachable('the log is never cut');
    await report(harness, `10.1.${i >> 8}.${i & 255}/32`);
  }
  away = false;
  await until(() => {
    harness.time.advance(1000);
    return harness.context.logged.some((line) => line.includes('are lost: the bounds of queue took them'));
  });
  await report(harness, '192.0.2.3/32');
  await until(() => {
    harness.time.advance(1000);
    return networks(harness.sink.batches.flat()).includes('192.0.2.3/32');
  });
  expect(networks(harness.sink.batches.flat())).not.toContain('192.0.2.4/32');
  await harness.stop();
});

test('several batches are under way at once where the sink allows it, and the cursor waits for the first', async () => {
  const harness = new EventHarness({ batch: { max_events: 1 } });
  harness.sink.parallel = 3;
  const pending: ((value: object) => void)[] = [];
  harness.sink.answer = () => new Promise((resolve) => pending.push(resolve));
  await harness.start();
  const { position } = (await harness.exporter.operations[EVENT_OPERATIONS.queue]!(null)) as EventQueue;
  await report(harness, '10.0.0.0/32');
  await report(harness, '10.0.0.1/32');
  await report(harness, '10.0.0.2/32');
  await report(harness, '10.0.0.3/32');
  await until(() => pending.length === 3);
  pending[1]!({});
  pending[2]!({});
  await until(() => pending.length === 4);
  harness.time.advance(5000);
  const queue = async () => (await harness.exporter.operations[EVENT_OPERATIONS.queue]!(null)) as EventQueue;
  expect((await queue()).position).toBe(position);
  pending[0]!({});
  pending[3]!({});
  let moved = position;
  await until(() => {
    harness.time.advance(1000);
    void queue().then((now) => {
      moved = now.position;
    });
    return moved > position;
  });
  await harness.stop();
});

test('what is given up after its time is counted, and the next goes on', async () => {
  const harness = await new EventHarness({
    retry_on_failure: { initial_interval: '1s', max_elapsed_time: '3s' },
  }).start();
  harness.sink.answer = () => ({ reason: 'timeout', message: 'no answer' });
  await report(harness, '10.0.0.0/32');
  await until(() => {
    harness.time.advance(500);
    return harness.context.logged.includes('warn 1 event was given up: no answer');
  });
  harness.sink.answer = () => ({});
  await report(harness, '10.0.0.1/32');
  await until(() => {
    harness.time.advance(100);
    return networks(harness.sink.batches.at(-1)!).includes('10.0.0.1/32');
  });
  await harness.stop();
});

test('what is erased is dropped, though the sink is away and had been offered it; the others arrive', async () => {
  const harness = await new EventHarness({ batch: { max_events: 2 } }).start();
  const { sink, ledger } = harness;
  const queue = () => harness.exporter.operations[EVENT_OPERATIONS.queue]!(null) as Promise<EventQueue>;
  const { position } = await queue();
  sink.answer = () => ({ reason: 'status_503', message: 'away' });
  await report(harness, ...range(0, 5));
  await until(() => {
    harness.time.advance(1000);
    return sink.batches.length >= 3;
  });
  const offered = sink.batches[0]!;
  expect(networks(offered)).toContain('10.0.0.1/32');
  await ledger.operations[ERASE_OPERATION]!({ network: '10.0.0.1' });
  sink.batches.length = 0;
  sink.answer = () => NOTHING;
  await sent(harness, 4);
  expect(networks(sink.batches.flat())).toEqual(range(0, 5).filter((network) => network !== '10.0.0.1/32'));
  // The others are who they were.
  expect(sink.ids[0]).toBe(offered[0]!.id);
  let passed = position;
  await until(() => {
    harness.time.advance(1000);
    void queue().then((now) => {
      passed = now.position;
    });
    return passed > position;
  }, 'what was delivered to be passed');
  await harness.stop();
});

test('what was refused is let go of when it is erased', async () => {
  const harness = await new EventHarness().start();
  const { sink, ledger } = harness;
  sink.answer = (events) => ({ refused: events.map((event) => ({ event, reason: 'bad' })) });
  await report(harness, '10.0.0.1/32', '10.0.0.2/32');
  await sent(harness, 2);
  const refused = () => harness.exporter.operations[EVENT_OPERATIONS.refused]!(null) as Promise<unknown[]>;
  await until(() => harness.log.entries.some(({ topic }) => topic === 'exporter/siem'));
  expect(await refused()).toHaveLength(2);
  await ledger.operations[ERASE_OPERATION]!({ network: '10.0.0.1' });
  expect(await refused()).toMatchObject([{ network: '10.0.0.2/32' }]);
  await harness.stop();
});
