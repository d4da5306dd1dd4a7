import { headers } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import {
  emptyHeaders,
  epochOf,
  idIn,
  isEmptyIn,
  messageId,
  movedHeaders,
  timeIn,
} from '../../../src/log/jetstream/message.ts';

function withId(id: string) {
  const made = headers();
  made.set('Nats-Msg-Id', id);
  return made;
}

test('a message of a bridge is known by its id, and one of anybody else has none', () => {
  const id = messageId('0123456789abcdef', 42);
  expect(id).toBe('0123456789abcdef-42');
  expect(idIn(withId(id))).toBe(id);
  expect(epochOf(id)).toBe('0123456789abcdef');
  for (const other of ['', '0123456789abcde-42', '0123456789abcdef-', 'x0123456789abcdef-1', '0123456789ABCDEF-1'])
    expect(idIn(withId(other))).toBeUndefined();
  expect(idIn(undefined)).toBeUndefined();
});

test('one that says nothing says so, and one of another log says when it was written there', () => {
  expect([isEmptyIn(undefined), isEmptyIn(headers()), isEmptyIn(emptyHeaders())]).toEqual([false, false, true]);
  expect([timeIn(undefined), timeIn(headers()), timeIn(movedHeaders(1_700_000_000_123))]).toEqual([
    ...[undefined, undefined, 1_700_000_000_123],
  ]);
});
