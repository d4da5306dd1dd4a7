import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/conformance/**', 'test/faults/**', 'test/cluster/**', 'test/bench/**'],
    setupFiles: ['test/support/shared-worker.ts'],
    globalSetup: 'test/support/fresh-build.ts',
    testTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 3,
    // Files share the modules of their worker: loading them anew for each took half of the time. A test that changes what is shared
    // (timers, the environment, a listener of the process) puts it back; `setupFiles` looks whether it did.
    isolate: false,
  },
});
