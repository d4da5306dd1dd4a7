import { defineConfig } from 'vitest/config';

/** The longer run: `npm run test:faults`. */
export default defineConfig({
  test: {
    // The property tests of `npm test`, for minutes instead of seconds.
    include: [
      'test/faults/**/*.test.ts',
      'test/hostile/**/*.test.ts',
      'test/report/body-scanner.test.ts',
      'test/ledger/exactly-once.test.ts',
      'test/ledger/series/exactly-once.test.ts',
    ],
    globalSetup: 'test/support/fresh-build.ts',
    env: { FUZZ_RUNS: process.env.FUZZ_RUNS ?? '40000' },
    testTimeout: 45 * 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
