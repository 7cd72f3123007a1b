// bin/run-archiver, but that two looks at run records follow each other at once: tests of kills and signals needn't wait for them.
import { createRequire } from 'node:module';

const { start } = createRequire(import.meta.url)('../../bin/start.js');

start('run-archiver', (load) =>
  load('run-archiver').main(
    process.argv.slice(2),
    () => process.env,
    async () => undefined,
  ),
);
