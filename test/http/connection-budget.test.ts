import { expect, test } from 'vitest';
import { ConnectionBudget } from '../../src/http/connection-budget.ts';

function shared(limit: number) {
  const budget = new ConnectionBudget(limit);
  const shares = [
    budget.register('couic', 2048),
    budget.register('prometheus', 64),
    budget.register('health_check', 64),
    budget.register('admin socket', 16),
  ];
  return { budget, shares, grants: () => shares.map(({ granted }) => granted) };
}

test('with descriptors enough each listener gets what it asks for', async () => {
  const { budget, grants } = shared(1_048_576);
  expect(grants()).toEqual([2048, 64, 64, 16]);
  expect(await budget.examine()).toEqual([]);
  expect(shared(Number.POSITIVE_INFINITY).grants()).toEqual([2048, 64, 64, 16]);
});

test('with too few, the modest get theirs, and what is left is for the others and for files', async () => {
  const { budget, grants } = shared(1024);
  expect(grants()).toEqual([752, 64, 64, 16]);
  expect(await budget.examine()).toEqual([
    {
      level: 'warning',
      message:
        'this process may have 1024 files open, too few for max_connections of all listeners (2192) and 128 for files: couic 752 in place of 2048',
      advice:
        'raise the limit to 2320 (LimitNOFILE= of the systemd unit, ulimit -n, --ulimit nofile= of a container), or lower max_connections',
    },
  ]);
});

test.each([512, 256, 64, 4])(
  'with %i, all of them together leave some for files, and none is left without',
  (limit) => {
    const all = shared(limit).grants();
    expect(Math.min(...all)).toBeGreaterThanOrEqual(1);
    expect(all.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(Math.max(4, limit / 2, limit - 128));
  },
);

test('who listens no more leaves its share to the others', () => {
  const { shares, grants } = shared(1024);
  shares[1]!.release();
  shares[1]!.release();
  expect(grants()).toEqual([816, 64, 64, 16]);
});
