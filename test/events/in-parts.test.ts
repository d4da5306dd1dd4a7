import { describe, expect, test } from 'vitest';
import type { CouicEvent } from '../../src/events/event.ts';
import { deliverInParts, type EncodedEvent, type PartOutcome } from '../../src/events/in-parts.ts';
import type { Delivery, Failure } from '../../src/events/sink.ts';
import { addedEvent } from '../support/sample-events.ts';

const some = (count: number, bytes = 100): EncodedEvent[] =>
  Array.from({ length: count }, (_, index) => ({ event: addedEvent({ id: `e-${index}` }), text: '', bytes }));

const ids = (events: readonly CouicEvent[] = []) => events.map(({ id }) => id);
const busy: Failure = { reason: 'status_503', message: 'busy' };
const bad: Failure = { reason: 'status_400', message: 'bad' };
const taken: Delivery = {};

/** Sends, and writes down the ids of each request. @param judge - given the ids. */
async function deliver(events: EncodedEvent[], judge: (ids: string[]) => PartOutcome, most = 1_000_000) {
  const requests: string[][] = [];
  const parts = { most };
  const outcome = await deliverInParts(events, parts, async (part) => {
    requests.push(ids(part.map(({ event }) => event)));
    return judge(requests.at(-1)!);
  });
  return { outcome, requests, parts };
}

test('all in one request, when they fit; else in several, in order', async () => {
  expect((await deliver(some(3), () => ({}), Number.POSITIVE_INFINITY)).requests).toEqual([['e-0', 'e-1', 'e-2']]);
  const { requests, outcome } = await deliver(some(5), () => ({}), 250);
  expect(requests).toEqual([['e-0', 'e-1'], ['e-2', 'e-3'], ['e-4']]);
  expect(outcome).toEqual({ refused: [] });
});

test('an event that is larger than a request goes alone', async () => {
  expect((await deliver(some(2, 900), () => ({}), 250)).requests).toEqual([['e-0'], ['e-1']]);
});

test('after a failure nothing more is sent, and what was not taken is kept', async () => {
  const { outcome, requests } = await deliver(some(6), (sent) => (sent.includes('e-2') ? busy : {}), 250);
  expect(requests).toHaveLength(2);
  expect(outcome).toMatchObject({ failure: busy });
  expect(ids((outcome as { again: CouicEvent[] }).again)).toEqual(['e-2', 'e-3', 'e-4', 'e-5']);
  expect((await deliver(some(6), () => busy)).outcome).toBe(busy);
});

describe('too large', () => {
  const tooLarge = { doubt: { reason: 'status_413', message: 'too large' }, tooLarge: true };

  test('is halved, and later batches are smaller from the start', async () => {
    const { requests, outcome, parts } = await deliver(some(8, 1000), (sent) => (sent.length > 2 ? tooLarge : {}));
    expect(requests.map(({ length }) => length)).toEqual([8, 4, 2, 2, 4, 2, 2]);
    expect(requests.slice(2, 4).flat()).toEqual(['e-0', 'e-1', 'e-2', 'e-3']);
    expect(outcome).toEqual({ refused: [] });
    expect(parts.most).toBe(2000);
  });

  test('a single one is set aside, since others are taken', async () => {
    const { outcome } = await deliver(some(8), (sent) => (sent.includes('e-5') ? tooLarge : {}));
    expect(outcome).toMatchObject({ refused: [{ event: { id: 'e-5' }, reason: 'status_413' }] });
  });

  test('nothing is set aside where everything is too large', async () => {
    expect((await deliver(some(3), () => tooLarge)).outcome).toBe(tooLarge.doubt);
  });
});

describe('a request that is refused as a whole', () => {
  test('for one of its events: that one is found, and set aside', async () => {
    const { outcome, requests } = await deliver(some(100), (sent) => (sent.includes('e-37') ? { doubt: bad } : taken));
    expect(outcome).toMatchObject({ refused: [{ event: { id: 'e-37' }, reason: 'status_400' }] });
    expect(outcome).not.toHaveProperty('again');
    expect(requests.length).toBeLessThan(20);
  });

  test('with the place named: three requests', async () => {
    const judge = (sent: string[]): PartOutcome =>
      sent.includes('e-37') ? { doubt: bad, at: sent.indexOf('e-37') } : taken;
    const { requests } = await deliver(some(100), judge);
    expect(requests.map(({ length }) => length)).toEqual([100, 37, 1, 62]);
  });

  test('with a place that is none: by halves', async () => {
    const { outcome } = await deliver(some(9), (sent) => (sent.includes('e-8') ? { doubt: bad, at: 99 } : taken));
    expect(outcome).toMatchObject({ refused: [{ event: { id: 'e-8' } }] });
  });

  test('for what all requests have: all are kept, after a few requests', async () => {
    const { outcome, requests } = await deliver(some(1000), () => ({ doubt: bad }));
    expect(outcome).toBe(bad);
    expect(requests.length).toBeLessThan(30);
  });

  test('which is one event, and no other is there to tell by: it is kept', async () => {
    expect((await deliver(some(1), () => ({ doubt: bad }))).outcome).toBe(bad);
  });

  test('and then nobody answers: what is in doubt is kept too', async () => {
    const { outcome } = await deliver(some(2), (sent) =>
      sent.length === 2 || sent[0] === 'e-0' ? { doubt: bad } : busy,
    );
    expect(outcome).toBe(busy);
  });
});

test('what is judged one by one is kept apart', async () => {
  const events = some(4);
  const { outcome } = await deliver(events, () => ({
    refused: [{ event: events[1]!.event, reason: 'mapper_parsing_exception' }],
    again: [events[3]!.event],
    failure: busy,
  }));
  expect(outcome).toEqual({
    refused: [{ event: events[1]!.event, reason: 'mapper_parsing_exception' }],
    again: [events[3]!.event],
    failure: busy,
  });
});
