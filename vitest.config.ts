import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/setup/mongodb.ts',
    exclude: ['**/node_modules/**', 'test/fixtures/**'],
    // Many tests wait for child processes and servers: three at once also on two processors, where vitest would take one.
    maxWorkers: Math.max(3, availableParallelism()),
    // Nobody waits for them but where something hangs: on a machine that is busy with other things all takes many times as long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
