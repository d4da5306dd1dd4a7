import { defineConfig } from 'vitest/config';

/** Real tools, real sockets, real seconds, and the benchmarks in small: apart from `npm test`, one file after the other. */
export default defineConfig({
  test: {
    include: ['test/conformance/**/*.test.ts', 'test/bench/smoke.test.ts'],
    globalSetup: ['test/conformance/tools/global-setup.ts'],
    reporters: ['default', './test/conformance/tools/summary-reporter.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
