import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/conformance/**', 'test/faults/**'],
    globalSetup: 'test/support/fresh-build.ts',
    testTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 3,
  },
});
