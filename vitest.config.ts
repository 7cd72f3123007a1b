import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name));
/** These put others in the place of modules, for whatever is loaded after that. */
const mocking = tests.filter((path) => readFileSync(path, 'utf8').includes('vi.mock('));

export default defineConfig({
  test: {
    // Most tests wait for child processes, servers and locks: five files at once keep two processors busy.
    maxWorkers: Math.max(5, availableParallelism()),
    // Loading the program takes longer than most files take to test it, and it keeps no state of its own. Helpers must not
    // register hooks when they are loaded: that happens once for many files.
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
