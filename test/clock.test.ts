import { afterEach, expect, test, vi } from 'vitest';
import { systemSleep } from '../src/clock.ts';

afterEach(() => {
  vi.useRealTimers();
});

test.each([0, 5000, 1000 * 3_600_000])(
  'a wait of %d ms is as long as that, not as long as a timer can be',
  async (ms) => {
    vi.useFakeTimers();
    let over = false;
    const waiting = systemSleep(ms).then(() => {
      over = true;
    });
    await vi.advanceTimersByTimeAsync(Math.max(0, ms - 1));
    expect(over).toBe(ms === 0);
    await vi.advanceTimersByTimeAsync(1);
    expect(over).toBe(true);
    await waiting;
  },
);

test('a wait of weeks ends with its signal, in whatever part it is', async () => {
  vi.useFakeTimers();
  const end = new AbortController();
  const waiting = systemSleep(1000 * 3_600_000, end.signal);
  await vi.advanceTimersByTimeAsync(900 * 3_600_000);
  end.abort();
  await waiting;
  expect(vi.getTimerCount()).toBe(0);
});
