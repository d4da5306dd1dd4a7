import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { HeldTexts } from '../../../../plugins/exporters/prometheus/held-texts.ts';

class FakeResponse extends EventEmitter {
  destroyed = false;
  destroy() {
    this.destroyed = true;
    this.emit('close');
  }
}

const reader = () => new FakeResponse() as FakeResponse & ServerResponse;
const text = (bytes: number) => ({ pieces: [], bytes });

test('when too much is held, those who read the oldest are cut off, and the newest never', () => {
  const held = new HeldTexts(100);
  const shared = text(50);
  const oldest = [reader(), reader()] as const;
  for (const each of oldest) held.hold(shared, each);
  const middle = reader();
  held.hold(text(50), middle);
  expect(oldest[0].destroyed).toBe(false);
  const newest = reader();
  held.hold(text(120), newest);
  expect([...oldest, middle, newest].map(({ destroyed }) => destroyed)).toEqual([true, true, true, false]);
});

test('what has been read is not held', () => {
  const held = new HeldTexts(100);
  for (let i = 0; i < 10; i++) {
    const each = reader();
    held.hold(text(90), each);
    expect(each.destroyed).toBe(false);
    each.emit('close');
  }
  const last = [reader(), reader()] as const;
  held.hold(text(50), last[0]);
  held.hold(text(50), last[1]);
  expect(last.map(({ destroyed }) => destroyed)).toEqual([false, false]);
});
