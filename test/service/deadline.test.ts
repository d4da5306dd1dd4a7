import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Deadline, within } from '../../src/service/deadline.ts';

test('a bridge with more than ten exporters warned of a leak at each end', async () => {
  const warnings: string[] = [];
  const onWarning = ({ message }: Error) => void warnings.push(message);
  process.on('warning', onWarning);
  const deadline = new Deadline(60_000);
  try {
    await Promise.all(Array.from({ length: 50 }, () => within(setImmediate(), deadline.signal, 0)));
    await setImmediate();
    expect(warnings).toEqual([]);
  } finally {
    deadline.clear();
    process.off('warning', onWarning);
  }
});
