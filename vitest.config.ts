import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** These put others in the place of Node's modules, for whatever is loaded after that. */
const mocking = [
  'test/integration/lock/failed-release.test.ts',
  'test/integration/records/whose-fault.test.ts',
  'test/unit/records/record-look.test.ts',
];

export default defineConfig({
  test: {
    // Many tests wait for child processes and servers: three at once also on two processors, where vitest would take one.
    maxWorkers: Math.max(3, availableParallelism()),
    // Loading the program takes longer than most files take to test it, and it keeps no state of its own.
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: mocking,
          isolate: false,
          globalSetup: 'test/setup/mongodb.ts',
        },
      },
      { extends: true, test: { name: 'alone', include: mocking } },
    ],
    // Nobody waits for them but where something hangs: on a machine that is busy with other things all takes many times as long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
